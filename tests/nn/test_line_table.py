import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.nn.line_table import LineTable  # noqa: E402

STATES = 4 * torch.randn(7, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def drawn(table):
    return torch.randn(table.nodes.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("shared", [True, False])
def test_a_straight_line_is_exact_and_a_kink_does_not_ring(shared):
    table = LineTable(STATES, 100, shared=shared)
    torch.testing.assert_close(table(2 * table.nodes - 1), 2 * STATES - 1)
    found, spacing = table(table.nodes.relu()), table.nodes.diff(dim=0).max()
    assert found.min() >= 0
    assert (found - STATES.relu()).abs().max() <= spacing / 4 + 1e-12


@pytest.mark.parametrize("shared", [True, False])
def test_the_transpose_is_that_of_the_lines(shared):
    table = LineTable(STATES, 30, shared=shared)
    values, gradient = drawn(table), torch.randn(STATES.shape, dtype=torch.float64)
    torch.testing.assert_close((table(values) * gradient).sum(), (values * table.transposed(gradient)).sum())


@pytest.mark.parametrize("shared", [True, False])
def test_the_mean_square_and_its_derivative_are_those_of_the_values_at_the_states(shared):
    table = LineTable(STATES, 30, shared=shared)
    values = drawn(table)
    square, half_slope = table.mean_square(values)
    at_states = table(values)
    torch.testing.assert_close(square, at_states.square().mean())
    torch.testing.assert_close(half_slope, table.transposed(at_states) / STATES.numel())


def test_every_neuron_has_lines_of_its_own_over_its_own_range():
    table = LineTable(STATES, 30, shared=False)
    assert table.nodes.shape == (30, 7)
    slope = torch.arange(7, dtype=torch.float64)
    torch.testing.assert_close(table(table.nodes * slope), STATES * slope[:, None])


def test_states_that_never_change_are_no_division_by_zero():
    states = torch.ones(2, 10, dtype=torch.float64)
    table = LineTable(states, 20, shared=False)
    torch.testing.assert_close(table(table.nodes), states)


def test_too_few_nodes_of_a_line_table_are_refused():
    with pytest.raises(ValueError, match="at least 4 nodes, got n_nodes=3"):
        LineTable(STATES, 3, shared=True)
