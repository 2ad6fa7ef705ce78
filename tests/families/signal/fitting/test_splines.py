"""The spline fit on networks of 20 neurons."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

import numpy as np  # noqa: E402
from test_phases import recovered, run  # noqa: E402

from hydra_llm.families.signal.fitting.bilinear import BilinearProblem, Strengths  # noqa: E402
from hydra_llm.families.signal.fitting.descent import descend  # noqa: E402
from hydra_llm.families.signal.fitting.exact_descent import descend_exactly  # noqa: E402
from hydra_llm.families.signal.fitting.spline_phase import SplinePhase  # noqa: E402
from hydra_llm.nn.spline import SplineBasis  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402


def spline_phase(seed=0, **keys):
    return SplinePhase(
        **{"n_splines": 48, "n_frames": 300, "ridge": 1e-8, **keys}, generator=stream(seed, "model_init/starts")
    )


def make_problem(frames, n_splines=12):
    basis = SplineBasis.over(frames.activity, n_splines, 3)
    return BilinearProblem(frames.activity, frames.target, basis)


def test_the_gradient_is_that_of_the_loss(make_frames):
    frames, _ = make_frames(n_frames=300)
    problem = make_problem(frames)
    c = problem.basis.coefficients(lambda u: u / (1 + u**2) ** 0.5)
    strengths = Strengths(ridge=1e-2, noise=0.5, update=1e-3, message=1e-3)
    point = problem.at(0.1 * c, c, strengths)
    _, gradient = problem.normal_equations(point, strengths)
    for place in (3, 15, 18):
        step, k = 1e-5, problem.basis.n
        moved = torch.zeros(2 * k, dtype=torch.float64)
        moved[place] = step
        up, down = (
            problem.at(point.a + sign * moved[:k], point.c + sign * moved[k:], strengths).loss for sign in (1, -1)
        )
        assert (up - down) / (2 * step) * problem.size == pytest.approx(-2 * float(gradient[place]), rel=1e-4)


@pytest.mark.parametrize(("keys", "seed"), [({}, 1), ({"connectivity_type": "low_rank"}, 2)])
def test_splines_recover_the_connectivity(make_net, make_frames, keys, seed):
    frames, system = make_frames(n_frames=2000, seed=seed, **keys)
    net = make_net(activity=frames.activity)
    logged = run(spline_phase(), net, frames)
    assert logged[-1]["unexplained"] < 1e-6
    assert recovered(net, frames, system)["connectivity_R2"] > 0.995


def test_noise_is_averaged_over_all_frames_and_the_ridge_is_that_of_the_noise(make_net, make_frames):
    frames, system = make_frames(n_frames=1500, noise_model_level=0.05)
    noise = 5 * torch.randn(frames.target.shape, generator=stream(0, "measurement_noise"), dtype=torch.float64)
    noisy = frames._replace(target=frames.target + noise)
    net = make_net(activity=frames.activity)
    last = run(spline_phase(), net, noisy)[-1]
    assert last["unexplained"] == pytest.approx(float(noise.var() / noisy.target.square().mean()), rel=0.05)
    weights = float(system.field().effective_connectivity.square().mean())
    assert last["ridge"] == pytest.approx(25 / 1500 / weights, rel=1.0)


def test_functions_of_their_own_per_neuron_are_refused(make_net):
    with pytest.raises(ValueError, match="spline_knots=0"):
        spline_phase().optimizer(make_net(embedding_dim=2))


def test_least_squares_on_the_residuals_is_the_normal_equations_without_noise(make_frames):
    frames, _ = make_frames(n_frames=300)
    problem = make_problem(frames)
    c = problem.basis.coefficients(lambda u: u / (1 + u**2) ** 0.5)
    strengths = Strengths(ridge=1e-2, noise=0.0, update=1e-3, message=1e-3)
    point = problem.at(0.1 * c, c, strengths)
    H, gradient = problem.normal_equations(point, strengths)
    R, z = problem.factored(point, strengths)
    torch.testing.assert_close(R.T @ z, gradient, rtol=1e-8, atol=1e-10)
    smooth = R[2 * problem.basis.n + 1 :]  # the rows after those of the residuals
    torch.testing.assert_close(R.T @ R - smooth.T @ smooth, H, rtol=1e-8, atol=1e-10)


def test_the_exact_descent_finds_directions_of_W_that_hardly_move_the_target(make_frames):
    """Two neurons that differ by 1e-6 of what they do, and functions that the splines can express."""
    states = make_frames(n_frames=600)[0].activity.clone()
    states[:, 1] = states[:, 0] + 1e-6 * states[:, 1]
    basis = SplineBasis.over(states, 12, 3)
    law = BilinearProblem(states, states, basis)
    a, c = basis.coefficients(lambda u: -u), basis.coefficients(np.tanh)
    W = torch.randn(20, 20, generator=stream(0, "model_init/starts"), dtype=torch.float64).fill_diagonal_(0)
    problem = BilinearProblem(states, law.curve(a) + law.curve(c) @ W.T, basis)
    start = basis.coefficients(lambda u: np.tanh(2 * u))
    strengths = Strengths(ridge=1e-2, noise=0.0, update=1e-8, message=1e-8)
    found, _ = descend_exactly(problem, problem.at(0 * a, start, strengths), strengths, steps=60, gain=0.01)
    usual, _ = descend(problem, problem.at(0 * a, start, strengths), strengths, steps=60, gain=0.01)
    scale = float(law.curve(c).square().mean().sqrt())
    errors = [float((abs(point.W[5, :2] / scale) - abs(W[5, :2])).abs().max()) for point in (found, usual)]
    assert found.unexplained < 1e-19
    assert errors[0] < 1e-3
    assert errors[1] > 0.1


def test_more_knots_follow_where_held_out_frames_are_predicted_far_worse(make_net, make_frames):
    frames, _ = make_frames(n_frames=2000)
    exact, far = frames.at(slice(0, 1000)), frames.at(slice(1000, 2000))
    far = far._replace(activity=1.05 * far.activity)  # no fit predicts these targets
    plain, asked, content = (
        run(spline_phase(n_splines=16, held_out=held_out), make_net(activity=exact.activity), exact)[-1]["unexplained"]
        for held_out in (None, lambda: far, lambda: exact)
    )
    assert asked < 0.1 * plain
    assert content == plain
