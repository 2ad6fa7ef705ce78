"""Regressions of all neurons at once against one at a time."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import NormalEquations  # noqa: E402


def equations(truth, message, frames=slice(None), noise=0.0):
    v, slope = truth.frames.activity[frames], truth.frames.target[frames]
    own = -v
    own[:, truth.input_index] += truth.frames.external[frames]
    if noise:
        slope = slope + noise * torch.randn(slope.shape, generator=torch.Generator().manual_seed(9), dtype=slope.dtype)
    groups = by_in_degree(truth.edge_index, v.shape[1])
    return NormalEquations.of(groups, message[frames], own, slope), own, slope


def test_the_solution_is_the_ridge_regression_of_each_neuron(make_graph_frames):
    truth = make_graph_frames(n_neurons=12, n_frames=300)
    message = truth.frames.activity.sin()
    normal, own, slope = equations(truth, message)
    found = normal.solve(0.03)
    source, target = truth.edge_index
    for i in (0, 7):
        edges = (target == i).nonzero().ravel()
        X = torch.cat([own[:, i : i + 1], torch.ones(300, 1, dtype=torch.float64), message[:, source[edges]]], dim=1)
        penalty = torch.tensor([0.0, 0.0, *[0.03] * len(edges)], dtype=torch.float64)
        x = torch.linalg.solve(X.T @ X / 300 + torch.diag(penalty), X.T @ slope[:, i] / 300)
        torch.testing.assert_close(torch.cat([found.rate[i : i + 1], found.offset[i : i + 1], found.beta[edges]]), x)
        assert float(found.residual[i]) == pytest.approx(float((slope[:, i] - X @ x).square().mean()), rel=1e-8)


def test_with_the_true_message_the_law_is_recovered_and_what_is_open_is_zero(make_graph_frames):
    truth = make_graph_frames()
    normal, _, _ = equations(truth, truth.frames.activity.clamp_min(0))
    found, _ = normal.evidence(10, 1e-12)
    silent = truth.edge_index[0] >= 38  # sources that never rise above 0
    assert silent.any()
    W = found.beta / found.rate[truth.edge_index[1]]
    torch.testing.assert_close(W[~silent], truth.W[~silent], rtol=1e-4, atol=1e-5)
    assert (W[silent] == 0).all()
    torch.testing.assert_close(1 / found.rate, truth.tau, rtol=1e-4, atol=0)
    torch.testing.assert_close(found.offset / found.rate, truth.v_rest, rtol=1e-3, atol=1e-3)


def test_the_evidence_beats_no_penalty_when_the_target_is_noisy(make_graph_frames):
    truth = make_graph_frames(n_frames=300)
    normal, _, _ = equations(truth, truth.frames.activity.clamp_min(0), noise=10.0)
    loud = truth.edge_index[0] < 38

    def error(found):
        W = found.beta / found.rate.clamp_min(1)[truth.edge_index[1]]
        return float((W - truth.W)[loud].square().mean())

    assert error(normal.evidence(10, 1e-9)[0]) < 0.8 * error(normal.solve(1e-9))


def test_the_penalty_chosen_on_held_out_frames_is_the_one_that_errs_least_there(make_graph_frames):
    truth = make_graph_frames(n_frames=400)
    message = truth.frames.activity.clamp_min(0)
    normal, _, _ = equations(truth, message, slice(0, 60), noise=10.0)
    held_out, _, _ = equations(truth, message, slice(200, 400))
    grid = [1e-6, 1e-2, 1.0, 100.0]
    own_choice = normal.best_on(held_out, grid)
    fixed = [normal.best_on(held_out, [strength]) for strength in grid]

    def held_out_error(found, i):
        edges = (truth.edge_index[1] == i).nonzero().ravel()
        explained = message[200:400, truth.edge_index[0][edges]] @ found.beta[edges]
        own = -truth.frames.activity[200:400, i]
        if i < len(truth.input_index):
            own = own + truth.frames.external[200:400, i]
        return float(
            (truth.frames.target[200:400, i] - explained - found.rate[i] * own - found.offset[i]).square().mean()
        )

    for i in range(5):
        assert held_out_error(own_choice, i) == pytest.approx(min(held_out_error(one, i) for one in fixed), rel=1e-6)


def test_more_frames_than_one_block_give_the_same_moments(make_graph_frames, monkeypatch):
    truth = make_graph_frames(n_neurons=12, n_frames=100)
    message = truth.frames.activity.clamp_min(0)
    whole = equations(truth, message)[0].solve(0.1)
    monkeypatch.setattr("hydra_llm.families.flyvis.fitting.neighbours._MOST_FRAMES", 7)
    blocks = equations(truth, message)[0].solve(0.1)
    torch.testing.assert_close(blocks.beta, whole.beta)


def test_what_only_the_error_of_a_message_tells_apart_is_left_to_the_prior():
    draw = torch.Generator().manual_seed(0)
    v = 1 + 0.3 * torch.randn((2000, 1), generator=draw, dtype=torch.float64)  # above 0, where a message is v itself
    error = 1e-3 * torch.randn(v.shape, generator=draw, dtype=torch.float64)
    groups = by_in_degree(torch.tensor([[0], [0]]), 1)
    rates = []
    for share in (0.0, 1e-4):
        normal = NormalEquations.of(groups, v + error, -v, -50 * v + 40 * error)  # the second term: errors of others
        normal.doubt(share)
        rates.append(float(normal.solve(1e-9).rate))
    assert rates[0] == pytest.approx(90, rel=0.01)
    assert rates[1] == pytest.approx(50, rel=0.1)


def test_a_doubt_of_messages_hardly_moves_weights_that_the_data_determine(make_graph_frames):
    truth = make_graph_frames()
    normal, _, _ = equations(truth, truth.frames.activity.clamp_min(0))
    loud = truth.edge_index[0] < 38
    before = normal.solve(1e-9).beta
    normal.doubt(1e-4)
    change = (normal.solve(1e-9).beta - before)[loud]
    assert change.square().mean() < 1e-3 * before[loud].square().mean()


def test_one_weight_of_a_source_that_hardly_moves_cannot_widen_the_prior_for_itself():
    """It would be 1,000 times the others, and explain what a law that is not right yet left there."""
    draw = torch.Generator().manual_seed(1)
    message, own = torch.randn((2, 400, 6), generator=draw, dtype=torch.float64)
    sent = torch.cat([message[:, :5], 2 + 1e-4 * message[:, 5:]], dim=1)
    source, target = edge_index = torch.tensor([[0, 1, 2, 3, 5, 0, 1], [1, 2, 3, 0, 4, 4, 4]])
    slope = (20 * own).index_add(1, target, 5 * sent[:, source])
    slope += 0.5 * torch.randn(slope.shape, generator=draw, dtype=torch.float64)
    slope[:, 4] += 0.5 * message[:, 5]
    normal = NormalEquations.of(by_in_degree(edge_index, 6), sent, own, slope)
    wide = torch.full((6,), 1e-9, dtype=torch.float64)
    beta = normal.evidence(3, 1e-12, start=wide)[0].beta
    assert float(normal.solve(1e-12).beta[4]) > 5000
    assert abs(float(beta[4])) < 300
    others = torch.cat([beta[:4], beta[5:]])
    torch.testing.assert_close(others, torch.full_like(others, 5), rtol=0.02, atol=0)
