"""Samplers of W: scale, rank, signs and density of what is drawn."""

import pytest
import torch

from hydra_llm.families.signal.system.connectivity import (
    Dale,
    Gaussian,
    Lorentz,
    LowRank,
    Null,
    RingAttractor,
    Sparse,
    Successor,
    Uniform,
    ZeroDiagonal,
)
from hydra_llm.systems.random_streams import stream

EVERY = [Gaussian(), LowRank(3), Lorentz(), RingAttractor(), Successor(), Uniform(), Null(), Dale(Gaussian(), 0.5)]


def draw(sampler, n=200, seed=0, dtype=torch.float64):
    return sampler.sample(n, stream(seed, "connectivity"), dtype)


@pytest.mark.parametrize("sampler", [*EVERY, Sparse(Gaussian(), 0.3), ZeroDiagonal(Gaussian())], ids=repr)
def test_every_sampler_reproduces_its_draw_and_dtype_only_rounds_it(sampler):
    W = draw(sampler, n=30)
    assert W.shape == (30, 30)
    assert torch.isfinite(W).all()
    assert torch.equal(W, draw(sampler, n=30))
    assert torch.equal(W.float(), draw(sampler, n=30, dtype=torch.float32))


def test_gaussian_entries_have_variance_one_over_n_and_spectral_radius_near_one():
    W = draw(Gaussian(), n=400)
    assert W.var() * 400 == pytest.approx(1, rel=0.02)
    assert torch.linalg.eigvals(W).abs().max() == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("rank", [1, 5, 20])
def test_low_rank_connectivity_has_the_requested_rank(rank):
    assert torch.linalg.matrix_rank(draw(LowRank(rank), n=60)) == rank


@pytest.mark.parametrize("rank", [5, 20, 80])
def test_low_rank_entries_have_the_variance_of_the_chaotic_ones_at_every_rank(rank):
    mean = torch.stack([draw(LowRank(rank), n=200, seed=s).var() for s in range(10)]).mean()
    assert mean * 200 == pytest.approx(1, rel=0.1)


def test_low_rank_refuses_more_ranks_than_neurons():
    with pytest.raises(ValueError, match=r"rank must be at most the number of neurons \(20\), got 21"):
        draw(LowRank(21), n=20)
    with pytest.raises(ValueError, match="at least 1"):
        LowRank(0)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_dale_columns_keep_one_sign(share):
    W = draw(Dale(Gaussian(), share), n=40)
    first_inhibitory = int(40 * share)
    assert (W[:, :first_inhibitory] > 0).all()
    assert (W[:, first_inhibitory:] < 0).all()


def test_dale_keeps_the_size_of_every_weight():
    assert torch.equal(draw(Dale(Gaussian(), 0.3)).abs(), draw(Gaussian()).abs())


def test_dale_signs_survive_sparsity():
    W = draw(Sparse(Dale(Gaussian(), 0.5), 0.4), n=40)
    assert (W[:, :20] >= 0).all()
    assert (W[:, 20:] <= 0).all()


@pytest.mark.parametrize("fill", [0.05, 0.2, 0.5, 0.9])
def test_sparse_keeps_the_requested_share_unchanged(fill):
    W, base = draw(Sparse(Gaussian(), fill), n=300), draw(Gaussian(), n=300)
    kept = W != 0
    assert kept.double().mean() == pytest.approx(fill, abs=0.01)
    assert torch.equal(W[kept], base[kept])


def test_sparse_mask_is_asymmetric():
    kept = draw(Sparse(Gaussian(), 0.5), n=100) != 0
    assert (kept != kept.T).double().mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("fill", [0.0, -0.1, 1.01, float("nan")])
def test_a_filling_factor_outside_its_range_is_refused(fill):
    with pytest.raises(
        ValueError, match=rf"connectivity_filling_factor must be above 0 and at most 1, got {fill}\. For no"
    ):
        Sparse(Gaussian(), fill)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_dale_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match=r"Dale_law_factor"):
        Dale(Gaussian(), share)


def test_zero_diagonal_leaves_every_other_entry():
    W, base = draw(ZeroDiagonal(Gaussian()), n=50), draw(Gaussian(), n=50)
    assert not W.diagonal().any()
    off = ~torch.eye(50, dtype=torch.bool)
    assert torch.equal(W[off], base[off])


def test_ring_weights_depend_on_the_distance_along_the_ring_only():
    W = draw(RingAttractor(), n=12)
    torch.testing.assert_close(W, torch.roll(W, (1, 1), (0, 1)))


def test_successor_solves_its_defining_equation():
    W, n = draw(Successor(0.9), n=20), 20
    shift = torch.roll(torch.eye(n, dtype=torch.float64), 1, 1)
    torch.testing.assert_close(W, torch.eye(n, dtype=torch.float64) + 0.9 * shift @ W)


def test_lorentz_tails_are_cut():
    assert draw(Lorentz(), n=300).abs().max() <= 25 / 300**0.7
