import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.nn.interpolation_table import InterpolationTable  # noqa: E402

STATES = 4 * torch.randn(300, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shared", [True, False])
def test_a_smooth_function_is_interpolated_to_its_sixth_order(shared):
    errors = []
    for n_nodes in (100, 200):
        table = InterpolationTable(STATES, n_nodes, shared=shared)
        errors.append((table(torch.tanh(table.nodes)) - torch.tanh(STATES)).abs().max().item())
    assert errors[1] < 1e-5
    assert errors[1] < errors[0] / 20  # 2^6 = 64 in the limit


@pytest.mark.parametrize("shared", [True, False])
def test_polynomials_of_degree_five_are_exact(shared):
    table = InterpolationTable(STATES, 20, shared=shared)
    torch.testing.assert_close(table(table.nodes**5), STATES**5, rtol=1e-9, atol=1e-9)


def test_the_gradient_passes_through_the_transpose():
    table = InterpolationTable(STATES[:20], 12, shared=False)
    values = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(table, (values,))


def test_every_neuron_has_a_table_of_its_own_over_its_own_range():
    table = InterpolationTable(STATES, 30, shared=False)
    assert table.nodes.shape == (30, 7)
    slope = torch.arange(7, dtype=torch.float64)
    torch.testing.assert_close(table(table.nodes * slope), STATES * slope)


def test_a_constant_neuron_is_no_division_by_zero():
    states = torch.ones(10, 2, dtype=torch.float64)
    table = InterpolationTable(states, 20, shared=False)
    torch.testing.assert_close(table(table.nodes), states)


def test_too_few_nodes_are_refused():
    with pytest.raises(ValueError, match="n_nodes must be at least 12 for polynomials through 6 nodes, got 5"):
        InterpolationTable(STATES, 5, shared=True)
