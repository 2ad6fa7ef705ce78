import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.nn.curve_fit import fit_curve  # noqa: E402
from hydra_llm.nn.mlp import MLP  # noqa: E402


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_perceptron_follows_a_steep_curve(dtype):
    generator = torch.Generator().manual_seed(0)
    sizes = {"n_in": 1, "n_out": 1, "hidden_dim": 16, "n_layers": 3}
    mlp = MLP(**sizes, activation="tanh", linear_path=True, generator=generator).to(dtype)
    x = torch.linspace(-3, 3, 120, dtype=torch.float64)
    y = torch.tanh(6 * x) - 2 * x
    error = fit_curve(mlp, x[:, None], y, iterations=40)
    assert error < 1e-3
    assert mlp.net[0].weight.dtype == dtype
    with torch.no_grad():
        found = mlp(x[:, None].to(dtype)).reshape(-1).double()
    assert float((found - y).square().mean().sqrt() / y.std()) < 2e-3
