"""Counterparts from the wiring diagram, and regressions that pool them, on a lattice of 19 columns of four neurons."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting import pooled as pooling  # noqa: E402
from hydra_llm.families.flyvis.fitting.counterparts import counterparts, edge_kinds  # noqa: E402
from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree  # noqa: E402
from hydra_llm.families.flyvis.fitting.pooled import Pools, pooled, tied  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import NormalEquations  # noqa: E402

N_TYPES = 4


def same_partition(found, types):
    return len(torch.unique(torch.stack([found, types]), dim=1).T) == len(found.unique()) == len(types.unique())


def test_types_follow_from_the_wiring_diagram_alone(eye):
    assert same_partition(counterparts(eye.edge_index, eye.column, eye.input_index), eye.types)


def test_where_all_neurons_share_one_column_nobody_has_a_counterpart(eye):
    found = counterparts(eye.edge_index, torch.zeros_like(eye.column), eye.input_index)
    assert len(found.unique()) == eye.n


def regressions(eye, spread, n_frames=200, noise=10.0):
    """Regressions of a noisy recording of neurons that differ by `spread` within a type, and their true parameters."""
    generator = torch.Generator().manual_seed(5)

    def rand(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    kinds = edge_kinds(eye.edge_index, eye.types, eye.column)
    rate = 20 + 5 * rand(N_TYPES)[eye.types] + 5 * spread * rand(eye.n)
    offset = 5 * rand(N_TYPES)[eye.types] + 5 * spread * rand(eye.n)
    beta = (rand(int(kinds.max()) + 1)[kinds] + spread * rand(len(kinds))) * 10
    message, own = rand(n_frames, eye.n), rand(n_frames, eye.n)
    source, target = eye.edge_index
    slope = rate * own + offset + noise * rand(n_frames, eye.n)
    slope.index_add_(1, target, beta * message[:, source])
    normal = NormalEquations.of(by_in_degree(eye.edge_index, eye.n), message, own, slope)
    alone, _ = normal.evidence(10, 1e-9)
    return normal, Pools.of(eye.types, kinds, target), alone, {"beta": beta, "rate": rate, "offset": offset}


def problem(eye, spread, noise=10.0):
    """Mean square errors of the parameters, fitted together and alone."""
    normal, pools, alone, truth = regressions(eye, spread, noise=noise)
    found, _ = pooled(normal, pools, alone)
    return {
        name: [float((getattr(fit, name) - true).square().mean()) for fit in (found, alone)]
        for name, true in truth.items()
    }


def test_counterparts_that_agree_are_fitted_as_one(eye):
    for together, alone in problem(eye, spread=0.0).values():
        assert together < 0.3 * alone


def test_counterparts_that_differ_are_left_as_they_are(eye):
    for together, alone in problem(eye, spread=1.0).values():
        assert together < 1.1 * alone


def test_without_noise_the_true_parameters_are_found_whether_neurons_agree_or_not(eye):
    for spread in (0.0, 1.0):
        assert max(together for together, _ in problem(eye, spread, noise=0.0).values()) < 1e-3


def test_neurons_that_never_move_do_not_end_the_fit_of_the_others(eye):
    generator = torch.Generator().manual_seed(11)
    message, own = torch.randn((2, 200, eye.n), generator=generator, dtype=torch.float64)
    source, target = eye.edge_index
    still = eye.types == 1  # its only source is as still as itself
    message[:, eye.types == 0], own[:, still] = 0.3, 0.5
    slope = 20 * own.index_add(1, target, message[:, source])
    slope[:, still] = 0
    normal = NormalEquations.of(by_in_degree(eye.edge_index, eye.n), message, own, slope)
    pools = Pools.of(eye.types, edge_kinds(eye.edge_index, eye.types, eye.column), target)
    found, _ = pooled(normal, pools, normal.evidence(10, 1e-9)[0])
    assert all(torch.isfinite(part).all() for part in (found.beta, found.rate, found.offset))
    moving = (eye.types == 2) | (eye.types == 3)
    torch.testing.assert_close(found.rate[moving], torch.full_like(found.rate[moving], 20), rtol=1e-3, atol=0)


def test_a_matrix_that_rounding_made_indefinite_has_an_inverse_and_its_neighbours_keep_theirs():
    """Rate and offset of a voltage that hardly moves are one direction: 1 + 1e18 of it is 1e18 to rounding."""
    v = torch.tensor([[0.7, 1.0], [0.7, 1.0]], dtype=torch.float64)
    scale = torch.tensor([1e18, 1.0], dtype=torch.float64)
    B = scale[:, None, None] * v[:, :, None] * v[:, None, :]
    B[0, 0, 1] = B[0, 1, 0] = B[0, 0, 1] * (1 + 1e-12)  # as a sum over frames ends
    one = torch.eye(2, dtype=torch.float64)
    assert torch.linalg.cholesky_ex(B + one).info[0] > 0
    found = pooling.inverse(B + one)
    torch.testing.assert_close(found[1], torch.linalg.inv(B[1] + one))
    assert torch.isfinite(found).all()
    assert float((v[0] @ found[0] @ v[0]).abs()) < 1e-9  # nothing is left of what is known


def test_a_fit_that_goes_on_from_widths_ends_where_many_iterations_do(eye, monkeypatch):
    normal, pools, alone, _ = regressions(eye, spread=0.2)
    found, widths = pooled(normal, pools, alone)
    for _ in range(10):
        found, widths = pooled(normal, pools, alone, widths)
    monkeypatch.setattr("hydra_llm.families.flyvis.fitting.pooled._ITERATIONS", 32)
    long, _ = pooled(normal, pools, alone)
    torch.testing.assert_close(found.beta, long.beta, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.rate, long.rate, rtol=0, atol=1e-6)


def test_one_fit_for_all_counterparts_is_the_regression_on_their_summed_inputs(eye):
    kinds = edge_kinds(eye.edge_index, eye.types, eye.column)
    generator = torch.Generator().manual_seed(7)
    message, own, slope = torch.randn((3, 50, eye.n), generator=generator, dtype=torch.float64)
    normal = NormalEquations.of(by_in_degree(eye.edge_index, eye.n), message, own, slope)
    source, target = eye.edge_index
    found = tied(normal, Pools.of(eye.types, kinds, target), 1e-9)
    members = (eye.types == 2).nonzero().ravel()
    mine = torch.isin(target, members)
    used = kinds[mine].unique()
    X = torch.stack(
        [
            torch.stack(
                [own[:, i], torch.ones(50), *(message[:, source[(target == i) & (kinds == k)]].sum(1) for k in used)], 1
            )
            for i in members
        ]
    ).reshape(-1, 2 + len(used))
    x = torch.linalg.lstsq(X, slope[:, members].T.reshape(-1, 1)).solution.ravel()
    torch.testing.assert_close(found.rate[members], x[0].expand(len(members)))
    for k, weight in zip(used, x[2:], strict=True):
        torch.testing.assert_close(found.beta[kinds == k], weight.expand(int((kinds == k).sum())))


def with_a_missing_input(eye, strength):
    """Regressions of like neurons; an input of one neuron, which follows its voltage, is in no regression."""
    normal, pools, _, truth = regressions(eye, spread=0.0, n_frames=400, noise=3.0)
    lost = int((eye.types == 2).nonzero()[4])
    number = next(k for k, group in enumerate(normal.groups) if lost in group.targets)
    row = int((normal.groups[number].targets == lost).nonzero())
    moments = normal.moments[number][row]
    # slope gains -strength * own, as an input does that is in step with the voltage
    n = len(moments)
    change = torch.eye(n, dtype=torch.float64)
    change[0, -1] = -strength
    normal.moments[number][row] = change.T @ moments @ change
    return normal, pools, normal.evidence(10, 1e-9)[0], truth, lost


def test_a_rate_that_a_missing_input_spoils_is_that_of_counterparts(eye):
    normal, pools, alone, truth, lost = with_a_missing_input(eye, strength=19.0)
    assert float(alone.rate[lost]) < 0.3 * float(truth["rate"][lost])
    found, _ = pooled(normal, pools, alone)
    assert found.held.nonzero().ravel().tolist() == [lost]
    assert float(found.rate[lost]) == pytest.approx(float(truth["rate"][lost]), rel=0.05)


def test_no_rate_is_held_where_counterparts_agree_or_differ_by_a_quarter(eye):
    for spread in (0.0, 0.5):
        normal, pools, alone, _ = regressions(eye, spread)
        assert int(pooled(normal, pools, alone)[0].held.sum()) == 0


def test_a_type_whose_rates_nothing_tells_is_no_wider_than_the_others():
    within = torch.tensor([1e-6, 4e-6, 100.0, 1e-6], dtype=torch.float64)
    rate = torch.tensor([10.0, 20.0, 20.0, 10.0], dtype=torch.float64)
    most = pooling._largest_spread(within, rate)
    torch.testing.assert_close(most, (0.05 * rate) ** 2)


def test_where_rates_of_most_types_differ_widely_those_of_the_others_may():
    within = torch.tensor([25.0, 100.0, 400.0], dtype=torch.float64)
    rate = torch.tensor([10.0, 20.0, 20.0], dtype=torch.float64)
    assert (pooling._largest_spread(within, rate) >= within).all()
