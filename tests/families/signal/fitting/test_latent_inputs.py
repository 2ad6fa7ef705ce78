"""Latent inputs of a regression with 30 recorded units, driven by three that nobody recorded."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.given_functions import Terms  # noqa: E402
from hydra_llm.families.signal.fitting.latent_inputs import (  # noqa: E402
    directions_of,
    least_squares,
    number_of_latent_inputs,
)
from hydra_llm.families.signal.fitting.weights_beside_latents import beside_latent_inputs  # noqa: E402
from hydra_llm.metrics.scores import identity_r2  # noqa: E402

N, HIDDEN, FRAMES = 30, 3, 3000
OFF = ~torch.eye(N, dtype=torch.bool)


def case(hidden=HIDDEN, noise=0.0):
    """Messages of all units share slow drives, so that those of hidden units are correlated with the others."""
    generator = torch.Generator().manual_seed(5)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    slow = torch.cumsum(0.3 * normal(FRAMES, N + hidden), dim=0)
    slow = slow - slow.roll(40, dims=0)
    messages = torch.tanh(slow @ (torch.eye(N + hidden) + 0.2 * normal(N + hidden, N + hidden)))
    W = normal(N, N + hidden) / N**0.5
    W[:, :N] *= OFF
    rest = messages @ W.T + noise * normal(FRAMES, N)
    return Terms(messages[:, :N], rest), W[:, :N]


def counted(terms):
    return number_of_latent_inputs(least_squares(terms), torch.Generator().manual_seed(0))


def found(terms):
    directions = directions_of(least_squares(terms), HIDDEN, None)
    return beside_latent_inputs(terms, directions, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_there_are_as_many_latent_inputs_as_hidden_units(noise):
    assert counted(case(noise=noise)[0]) == HIDDEN


def test_noise_alone_is_no_latent_input():
    assert counted(case(hidden=0, noise=0.3)[0]) == 0


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_weights_beside_latent_inputs_are_nearer_to_the_truth_than_least_squares(noise):
    terms, W = case(noise=noise)
    plain = torch.linalg.lstsq(terms.message, terms.rest).solution.T
    beside = found(terms)
    before, after = (identity_r2(part[OFF], W[OFF]) for part in (plain, beside.W))
    assert after > before + 0.03
    assert after > 0.9


def test_frames_before_and_after_a_jump_say_nothing_of_the_directions():
    generator = torch.Generator().manual_seed(1)
    along = torch.zeros(N, dtype=torch.float64)
    along[0] = 1.0
    left = 0.01 * torch.randn((400, N), generator=generator, dtype=torch.float64)
    left[:200, 1] += 5.0  # a level in each half, and nothing else of unit 0
    left[199, 0], left[200, 0] = 1e3, 1e3  # only their product across the jump is large
    jump = directions_of(left, 1, torch.tensor([0, 200]))
    assert abs(float(jump[1, 0])) > 0.9
    assert abs(float(directions_of(left, 1, None)[0, 0])) > 0.9
