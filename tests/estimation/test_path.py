"""The likeliest path of a recording: a Kalman smoother for linear flows, and a noisy Lorenz attractor made clean."""

import pytest
import torch
from torch import Tensor

from hydra_llm.estimation.path import (
    NoPathError,
    PathProblem,
    Transition,
    joint_step,
    linearised,
    most_likely_path,
    sampled_path,
)

A = torch.tensor([[0.9, 0.2, 0.0], [-0.2, 0.9, 0.1], [0.0, -0.1, 0.8]], dtype=torch.float64)
GAMMA, S = 0.5, 0.1


def linear(x: Tensor) -> Transition:
    return Transition(x @ A.T, A.expand(len(x), 3, 3))


def linear_recording(n_frames: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = [torch.ones(3, dtype=torch.float64)]
    for _ in range(n_frames - 1):
        x.append(A @ x[-1] + S * torch.randn(3, generator=generator, dtype=torch.float64))
    states = torch.stack(x)
    return states, states + GAMMA * torch.randn(states.shape, generator=generator, dtype=torch.float64)


def kalman_smoother(y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rauch-Tung-Striebel from a diffuse start. Returns means and covariances, and the log likelihood of all frames
    after the first given the one before."""
    eye = torch.eye(3, dtype=torch.float64)
    m, P = y[0], GAMMA**2 * eye
    filtered, predicted, log_likelihood = [(m, P)], [], y.new_zeros(())
    for value in y[1:]:
        m, P = A @ m, A @ P @ A.T + S**2 * eye
        predicted.append((m, P))
        V = P + GAMMA**2 * eye
        innovation = value - m
        log_likelihood = log_likelihood - (V.logdet() + innovation @ torch.linalg.solve(V, innovation)) / 2
        gain = P @ torch.linalg.inv(V)
        m, P = m + gain @ innovation, P - gain @ P
        filtered.append((m, P))
    means, covariances = [m], [P]
    for (m, P), (m_next, P_next) in zip(filtered[-2::-1], predicted[::-1], strict=True):
        gain = P @ A.T @ torch.linalg.inv(P_next)
        means.append(m + gain @ (means[-1] - m_next))
        covariances.append(P + gain @ (covariances[-1] - P_next) @ gain.T)
    return torch.stack(means[::-1]), torch.stack(covariances[::-1]), log_likelihood


def test_the_path_of_a_linear_flow_is_that_of_the_kalman_smoother():
    _, y = linear_recording(30)
    path = most_likely_path(PathProblem(y, GAMMA, S), linear)
    torch.testing.assert_close(path.states, kalman_smoother(y)[0])


def test_the_evidence_ranks_noise_levels_as_the_kalman_likelihood_does():
    _, y = linear_recording(60)
    of_s = [most_likely_path(PathProblem(y, GAMMA, s), linear).log_evidence for s in (S / 10, S, 10 * S)]
    assert of_s[1] == max(of_s)
    shorter = y[:-1]
    gained = [kalman_smoother(part)[2] for part in (y, shorter)]
    evidence = [most_likely_path(PathProblem(part, GAMMA, S), linear).log_evidence for part in (y, shorter)]
    assert evidence[0] - evidence[1] == pytest.approx(float(gained[0] - gained[1]))


def test_draws_of_the_path_have_the_covariance_of_the_kalman_smoother():
    _, y = linear_recording(5)
    problem = PathProblem(y, GAMMA, S)
    path = most_likely_path(problem, linear)
    generator = torch.Generator().manual_seed(1)
    draws = torch.stack([sampled_path(problem, linear, path, generator) for _ in range(1500)])
    covariance = torch.einsum("dti,dtj->tij", draws - path.states, draws - path.states) / len(draws)
    torch.testing.assert_close(covariance, kalman_smoother(y)[1], atol=0.015, rtol=0.1)


def test_a_new_sequence_owes_nothing_to_the_frame_before():
    _, y = linear_recording(20)
    both = most_likely_path(PathProblem(y, GAMMA, S, sequence_start=torch.tensor([0, 12])), linear)
    first, second = (most_likely_path(PathProblem(part, GAMMA, S), linear) for part in (y[:12], y[12:]))
    torch.testing.assert_close(both.states, torch.cat([first.states, second.states]))


def lorenz(u: Tensor, external: Tensor | None) -> Tensor:
    """The flow of Lorenz-63 over 0.02, by two Runge-Kutta steps."""

    def field(u: Tensor) -> Tensor:
        x, y, z = u.unbind(-1)
        return torch.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], dim=-1)

    for _ in range(2):
        k1 = field(u)
        k2 = field(u + 0.005 * k1)
        k3 = field(u + 0.005 * k2)
        k4 = field(u + 0.01 * k3)
        u = u + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return u


def test_a_noisy_path_on_the_lorenz_attractor_is_recovered_given_the_law():
    u = torch.tensor([[1.0, 1.0, 20.0]], dtype=torch.float64)
    states = []
    for _ in range(400):
        states.append(u[0])
        u = lorenz(u, None)
    clean = torch.stack(states)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    problem = PathProblem(clean + noise, 1.0, 0.01)
    path = most_likely_path(problem, linearised(lorenz, None))
    assert float((path.states - clean).pow(2).mean().sqrt()) < 0.15  # of a noise of 1
    assert path.cost == pytest.approx(clean.numel(), rel=0.1)  # one unit per recorded number


def test_path_and_parameter_of_the_flow_are_found_together_where_alternation_stands_still():
    x = 0.9 ** torch.arange(40, dtype=torch.float64)[:, None]
    y = x + 0.01 * torch.randn(x.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    problem = PathProblem(y, 0.01, 1e-4)

    def decay(rate: Tensor) -> Transition:
        return Transition(rate * states[:-1], rate.expand(39, 1, 1), states[:-1, :, None])

    states, rate, none = y, torch.tensor([0.7], dtype=torch.float64), torch.zeros((1, 1), dtype=torch.float64)
    for _ in range(8):
        step = joint_step(problem, states, decay(rate), none, none[0])
        states, rate = states + step.states, rate + step.parameters
    error = float(step.information[0, 0].rsqrt())
    assert abs(float(rate) - 0.9) < 3 * error
    t = torch.arange(40, dtype=torch.float64)
    by_start_and_rate = torch.stack([0.9**t, t * 0.9 ** (t - 1)], dim=1) / 0.01
    assert error == pytest.approx(
        float(torch.linalg.inv(by_start_and_rate.T @ by_start_and_rate)[1, 1].sqrt()), rel=0.1
    )


def test_an_input_is_held_over_the_frame_that_it_was_recorded_with():
    external = torch.arange(4, dtype=torch.float64)[:, None]

    def flow(u: Tensor, held: Tensor | None) -> Tensor:
        assert held is not None  # an input was given
        return 0.5 * u + held

    step = linearised(flow, external)(torch.zeros((3, 1), dtype=torch.float64))
    torch.testing.assert_close(step.following, external[:3])
    torch.testing.assert_close(step.jacobian, torch.full((3, 1, 1), 0.5, dtype=torch.float64))


def test_a_law_that_explodes_is_told():
    exploding = linearised(lambda u, _: u / 0, None)
    with pytest.raises(NoPathError, match="leaves the finite range within a frame, from 3 of 3 states"):
        most_likely_path(PathProblem(torch.ones(4, 1), 1, 1), exploding)


def test_a_noise_of_zero_is_refused():
    with pytest.raises(ValueError, match="measurement_sd must be above 0 for every unit, got 0"):
        PathProblem(torch.zeros(3, 1), 0, S)
