"""Weights of chaotic networks of 40 units of which some are hidden, both functions known."""

from functools import cache

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions  # noqa: E402
from hydra_llm.families.signal.fitting.latent_inputs import directions_of, least_squares  # noqa: E402
from hydra_llm.families.signal.fitting.weights_beside_latents import (  # noqa: E402
    beside_latent_inputs,
    correlation,
    trials,
)
from hydra_llm.metrics.scores import identity_r2  # noqa: E402

N, HIDDEN = 40, 4
SEEDS = (
    0,
    2,
    4,
    5,
    6,
    8,
    9,
    13,
)  # the others settle: their messages do not tell all weights, with nobody hidden either
STEPS, STEP, KEPT = 6000, 0.05, 4  # the step in units of tau; every so many is a frame


@cache
def network(seed):
    """Messages of all units [frame, unit], the total that each receives, and W [target, source]."""
    generator = torch.Generator().manual_seed(seed)
    W = 7 * torch.randn((N, N), generator=generator, dtype=torch.float64) / N**0.5
    W.fill_diagonal_(0)
    u = torch.randn(N, generator=generator, dtype=torch.float64)
    states = []
    for _ in range(STEPS):
        half = u + STEP / 2 * (W @ torch.tanh(u) - u)
        u = u + STEP * (W @ torch.tanh(half) - half)
        states.append(u)
    messages = torch.tanh(torch.stack(states[400::KEPT]))
    return messages, messages @ W.T, W


def shown(seed, hidden=HIDDEN):
    messages, received, W = network(seed)
    seen = N - hidden
    return Terms(messages[:, :seen], received[:, :seen]), W[:seen, :seen]


def beside(terms, number):
    directions = directions_of(least_squares(terms), number, None)
    return beside_latent_inputs(terms, directions, torch.Generator().manual_seed(0))


def off_diagonal(W):
    return W[~torch.eye(len(W), dtype=torch.bool)]


def pooled_z(number=HIDDEN):
    z = []
    for seed in SEEDS:
        terms, W = shown(seed, number)
        found = beside(terms, number)
        z.append(off_diagonal(found.W - W) / off_diagonal(torch.from_numpy(found.error)))
    return torch.cat(z)


def test_intervals_of_weights_hold_the_truth_where_units_are_hidden():
    z = pooled_z()
    assert 0.92 < float((z.abs() < 1.96).double().mean()) < 0.98
    assert 0.8 < float(z.square().mean()) < 1.25


def test_intervals_hold_the_truth_where_latent_inputs_share_nothing_with_recorded_units():
    """Slow drives of their own, three times as large as the messages."""
    z = []
    for seed in range(6):
        generator = torch.Generator().manual_seed(seed)
        slow = torch.randn((8040, N), generator=generator, dtype=torch.float64).cumsum(dim=0)
        slow = (slow[40:] - slow[:-40]) / 40**0.5
        seen = N - HIDDEN
        mix = torch.eye(seen, dtype=torch.float64) + 0.2 * torch.randn((seen, seen), generator=generator).double()
        messages = torch.tanh(slow[:, :seen] @ mix)
        W = torch.randn((seen, N), generator=generator, dtype=torch.float64)
        W[:, :seen].fill_diagonal_(0)
        received = messages @ W[:, :seen].T + 3 * torch.tanh(slow[:, seen:]) @ W[:, seen:].T
        found = beside(Terms(messages, received), HIDDEN)
        z.append(off_diagonal(found.W - W[:, :seen]) / off_diagonal(torch.from_numpy(found.error)))
    inside = float((torch.cat(z).abs() < 1.96).double().mean())
    assert 0.92 < inside < 0.98


def test_a_single_hidden_unit_hides_no_weight_because_no_unit_listens_to_itself():
    for seed in SEEDS[:3]:
        terms, W = shown(seed, hidden=1)
        alone = torch.from_numpy(weights_given_functions(terms).value)
        assert identity_r2(off_diagonal(beside(terms, 1).W), off_diagonal(W)) > 0.999
        assert identity_r2(off_diagonal(alone), off_diagonal(W)) < 0.98


def test_weights_are_exact_in_the_directions_without_latent_inputs():
    terms, W = shown(0)
    found = beside(terms, HIDDEN)
    apart = torch.eye(len(W), dtype=torch.float64) - found.directions @ found.directions.T
    difference = apart @ (found.W - W)
    along = found.directions.T @ (found.W - W)
    assert float(off_diagonal(difference).square().mean()) < 1e-2 * float(along.square().mean())


def test_no_unit_listens_to_itself():
    found = beside(shown(0)[0], HIDDEN)
    assert not found.W.diagonal().any()
    assert not found.error.diagonal().any()


def test_units_hidden_for_a_trial_tell_the_correlation_of_weights_with_what_hidden_units_add():
    """Weights that undo what the hidden units add, and weights that are independent of it."""
    generator = torch.Generator().manual_seed(3)
    upper = torch.linalg.qr(torch.randn((400, N), generator=generator, dtype=torch.float64), mode="r").R
    mixed = upper @ (torch.eye(N, dtype=torch.float64) + 1.0 / N**0.5)  # all units share one source
    free = torch.randn((N, N), generator=generator, dtype=torch.float64)
    cancelling = free - free.mean(dim=1, keepdim=True)  # what the shared source sends is nothing in all
    rho = [correlation(trials(mixed, W, HIDDEN, torch.Generator().manual_seed(0))) for W in (free, cancelling)]
    assert abs(rho[0]) < 0.05
    assert rho[1] < rho[0]


def test_the_page_says_what_the_intervals_take_for_given():
    sentence = beside(shown(0)[0], HIDDEN).sentence()
    assert "take the number and the directions of the latent inputs as found" in sentence
