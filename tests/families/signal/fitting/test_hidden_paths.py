"""Paths of hidden units, given the true law: they minimise what the law leaves, and draws vary as the states may."""

import pytest

from hidden_network import N, hidden_network

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.sessions import SessionStretch  # noqa: E402

FRAMES, DT, NOISE = 400, 0.05, 0.05
VISIBLE = torch.arange(N) >= 2


def case():
    """A stretch whose first two units are hidden, and their true states."""
    paths, u = hidden_network(FRAMES, DT, NOISE, seed=2)
    shown = u.clone()
    shown[:, ~VISIBLE] = 0
    return paths, SessionStretch(0, shown, VISIBLE), u


def likeliest():
    paths, stretch, true = case()
    return paths, paths.likeliest(stretch, torch.zeros(FRAMES - 1, N, dtype=torch.float64), 30), true


def test_hidden_states_are_close_to_the_true_ones():
    _, found, true = likeliest()
    error = (found.activity - true)[:, ~VISIBLE].square().mean()
    assert error < 0.1 * true[:, ~VISIBLE].var()
    assert torch.equal(found.activity[:, VISIBLE], true[:, VISIBLE])


def test_no_other_path_nearby_is_likelier():
    paths, found, _ = likeliest()

    def cost(states):
        u = found.completed(states).activity
        left = (u[1:] - u[:-1]) / DT - paths.law(u[:-1])
        begins = (u[0, :2] - paths.mean[:2]).square() / paths.variance[:2]
        return float((left.square() / paths.noise).sum() + begins.sum())

    h = found.activity[:, :2]
    generator = torch.Generator().manual_seed(0)
    best = cost(h)
    for size in (1e-3, 1e-2):
        for _ in range(5):
            assert cost(h + size * torch.randn(h.shape, generator=generator, dtype=torch.float64)) > best


def test_draws_are_as_far_from_the_likeliest_path_as_that_is_from_the_truth():
    paths, found, true = likeliest()
    generator = torch.Generator().manual_seed(1)
    moved = torch.stack([(paths.drawn(found, generator).activity - found.activity)[:, :2] for _ in range(20)])
    z = (found.activity - true)[:, :2] / moved.std(0)
    assert 0.5 < float(z.square().mean()) < 2


def test_a_stretch_that_shows_everybody_stays_as_it_is():
    paths, _, true = case()
    whole = SessionStretch(0, true, torch.ones(N, dtype=torch.bool))
    assert paths.likeliest(whole, torch.zeros(FRAMES - 1, N, dtype=torch.float64), 3) is whole
    assert paths.drawn(whole, torch.Generator()) is whole
