"""Bands of learned functions hold the true ones as often as they say, and tell what the data say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

N, FRAMES, NOISE, POINTS = 8, 1200, 0.6, np.linspace(-2.5, 2.5, 21)


def true_message(u):
    return np.tanh(2 * u)


def equations(seed, n_frames=FRAMES):
    """States [frame, unit], what a unit has to explain, and W."""
    draws = np.random.default_rng(seed)
    W = 2 * draws.standard_normal((N, N))
    np.fill_diagonal(W, 0)
    u = draws.uniform(-3, 3, (n_frames, N))
    known = -u + true_message(u) @ W.T + NOISE * draws.standard_normal(u.shape)
    return torch.from_numpy(u), torch.from_numpy(known), W


def fitted(states, known):
    """Basis, coefficients of update and message (of standard deviation 1), and W, by the fit of a run."""
    from hydra_llm.families.signal.fitting.bilinear import BilinearProblem, Strengths
    from hydra_llm.families.signal.fitting.descent import descend
    from hydra_llm.nn.spline import SplineBasis

    problem = BilinearProblem(states, known, SplineBasis.over(states, 14, 3))
    c = problem.basis.coefficients(np.tanh)
    strengths = Strengths(1e-2, 0.0, 1e-8, 1e-8)
    point, _ = descend(problem, problem.at(torch.zeros_like(c), c, strengths), strengths, steps=15, gain=1e-5)
    scale = problem.curve(point.c).std()
    return problem.basis, point.a, point.c / scale, point.W * scale


def bands(states, known):
    from hydra_llm.families.signal.fitting.function_errors import SplineRows, function_errors

    basis, a, c, W = fitted(states, known)
    rows = SplineRows.of_states(basis, states, known)
    return basis, a, c, W, function_errors(basis, rows, a, c, W)


def test_pointwise_bands_hold_the_true_functions_as_often_as_they_say():
    inside, moved = {"message": [], "update": []}, []
    for seed in range(8):
        states, known, true = equations(seed)
        basis, a, c, W, errors = bands(states, known)
        halves = dict(zip(("message", "update"), errors.half_widths(POINTS, 0.95), strict=True))
        scale = true_message(states.numpy()).std()
        truth = {"message": true_message(POINTS) / scale, "update": -POINTS}
        found = {"message": basis.curve(c, POINTS), "update": basis.curve(a, POINTS)}
        for name, ends in halves.items():
            inside[name].append(np.abs(found[name] - truth[name]) < ends)
        moved.append(float(errors.weights.mean()) / float((W - torch.from_numpy(true * scale)).square().mean()))
    assert 0.88 < np.mean(inside["message"]) <= 0.995
    assert 0.88 < np.mean(inside["update"]) <= 0.995
    assert 0 < np.mean(moved) < 0.5  # most of the error of W is that of a regression on known functions


def test_four_times_the_frames_halve_the_bands():
    few, many = (bands(*equations(0, n)[:2])[-1].half_widths(POINTS, 0.95) for n in (FRAMES, 4 * FRAMES))
    for one, other in zip(few, many, strict=True):
        assert np.median(one / other) == pytest.approx(2, rel=0.35)


def test_the_scale_of_a_message_which_is_a_convention_has_no_error():
    states, known, _ = equations(1)
    basis, _, c, _, errors = bands(states, known)
    B = basis(states)
    message = (B @ c).ravel()
    change = torch.einsum("tj,tjk->k", (message.reshape(B.shape[:2]) - message.mean()), B)  # of its variance
    own = errors.covariance[basis.n :, basis.n :]
    assert float(change @ own @ change) < 1e-12 * float(change @ change) * float(own.diagonal().max())


def test_unknown_synapses_leave_functions_more_uncertain_than_known_ones():
    from hydra_llm.families.signal.fitting.function_errors import SplineRows, function_errors

    states, known, _ = equations(2, 400)
    basis, a, c, W = fitted(states, known)
    rows = SplineRows.of_states(basis, states, known)
    chain = torch.eye(N, dtype=torch.bool).roll(1, dims=0)
    free, told = (function_errors(basis, rows, a, c, W, graph) for graph in (None, chain))
    assert float(told.weights[~chain].abs().max()) == 0
    assert float(told.weights[chain].min()) > 0
    assert float(free.weights.fill_diagonal_(1).min()) > 0
