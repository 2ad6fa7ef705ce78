"""A module's weights as one vector."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from torch import nn  # noqa: E402

from hydra_llm.nn.flat_weights import flat, jacobian, outputs, write  # noqa: E402


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))


def test_what_is_written_is_read_and_the_precision_stays(net):
    weights = torch.linspace(-1, 1, 21, dtype=torch.float64)
    write(net, weights)
    assert torch.allclose(flat(net), weights, atol=1e-7)
    assert {part.dtype for part in net.parameters()} == {torch.float32}


def test_the_jacobian_is_that_of_the_outputs(net):
    x, weights = torch.randn(4, 2, dtype=torch.float64), flat(net)
    step = 1e-6 * torch.eye(len(weights), dtype=torch.float64)
    numeric = torch.stack([(outputs(net, weights + s, x) - outputs(net, weights - s, x)) / 2e-6 for s in step], dim=1)
    assert torch.allclose(jacobian(net, weights, x), numeric, atol=1e-7)
