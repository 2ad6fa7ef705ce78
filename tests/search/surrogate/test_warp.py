import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.search.surrogate.warp import Decades, DrawnIn

WARPS = [DrawnIn, Decades]
SCORES = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40).map(np.array)
EXAMPLE = np.array([0.1, 0.7, 0.9, 0.91, 0.95, -24.0])


@pytest.mark.parametrize("kind", WARPS)
@given(SCORES)
def test_the_order_of_scores_is_kept(kind, scores):
    warp = kind.of(scores)
    if warp is None:
        assert np.median(scores) == pytest.approx(scores.max())
        return
    drawn = warp(scores)
    assert np.isfinite(drawn).all()
    assert (np.diff(drawn[np.argsort(scores, kind="stable")]) >= -1e-12).all()


@pytest.mark.parametrize("kind", WARPS)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_neither_scale_nor_shift_of_the_metric_matters(kind, scale, shift):
    moved = scale * (EXAMPLE + shift)
    np.testing.assert_allclose(kind.of(moved)(moved), kind.of(EXAMPLE)(EXAMPLE), atol=1e-6)


@pytest.mark.parametrize("kind", WARPS)
def test_what_is_drawn_in_comes_back(kind):
    warp = kind.of(EXAMPLE)
    np.testing.assert_allclose(warp.inverse(warp(EXAMPLE)), EXAMPLE, rtol=1e-9)


@pytest.mark.parametrize("kind", WARPS)
def test_what_comes_out_has_zero_mean_and_unit_variance(kind):
    drawn = kind.of(EXAMPLE)(EXAMPLE)
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.0, 1.0))


@pytest.mark.parametrize("kind", WARPS)
def test_the_slope_is_that_of_finite_differences(kind):
    warp, step = kind.of(EXAMPLE), 1e-7
    differences = (warp(EXAMPLE + step) - warp(EXAMPLE - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(warp.log_slope(EXAMPLE)), differences, rtol=1e-5)


def test_one_run_that_diverged_does_not_hide_the_differences_between_the_others():
    scores = np.array([0.5, 0.6, 0.7, 0.8, 0.9, -24.0])
    plain = np.std(scores[:5]) / np.std(scores)
    drawn = DrawnIn.of(scores)(scores)
    assert np.std(drawn[:5]) > 5 * plain


def test_equal_scores_are_all_at_the_mean():
    np.testing.assert_array_equal(DrawnIn.of(np.full(4, 0.3))(np.full(4, 0.3)), np.zeros(4))
    assert Decades.of(np.full(4, 0.3)) is None


def test_noise_that_multiplies_the_distance_to_the_best_is_equal_everywhere_in_decades():
    """Runs of a good and a bad configuration, 1 and 100 below the optimum, under log-normal noise."""
    rng = np.random.default_rng(0)
    good, bad = (-distance * rng.lognormal(sigma=0.5, size=200) for distance in (1.0, 100.0))
    spread = {}
    for kind in WARPS:
        warp = kind.of(np.concatenate([good, bad]))
        spread[kind] = np.std(warp(bad)) / np.std(warp(good))
    assert 0.5 < spread[Decades] < 2.0
    assert not 0.2 < spread[DrawnIn] < 5.0
