import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.search.surrogate.warp import Warp

SCORES = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40).map(np.array)


@given(SCORES)
def test_the_order_of_scores_is_kept(scores):
    drawn = Warp.of(scores)(scores)
    assert np.isfinite(drawn).all()
    assert (np.diff(drawn[np.argsort(scores, kind="stable")]) >= -1e-12).all()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_neither_scale_nor_shift_of_the_metric_matters(scale, shift):
    scores = np.array([0.1, 0.7, 0.9, 0.91, 0.95, -24.0])
    moved = scale * (scores + shift)
    np.testing.assert_allclose(Warp.of(moved)(moved), Warp.of(scores)(scores), atol=1e-6)


def test_what_is_drawn_in_comes_back():
    scores = np.array([0.1, 0.7, 0.9, 0.91, 0.95, -24.0])
    warp = Warp.of(scores)
    np.testing.assert_allclose(warp.inverse(warp(scores)), scores, rtol=1e-9)


def test_one_run_that_diverged_does_not_hide_the_differences_between_the_others():
    scores = np.array([0.5, 0.6, 0.7, 0.8, 0.9, -24.0])
    plain = np.std(scores[:5]) / np.std(scores)
    drawn = Warp.of(scores)(scores)
    assert np.std(drawn[:5]) > 5 * plain


def test_equal_scores_are_all_at_the_mean():
    np.testing.assert_array_equal(Warp.of(np.full(4, 0.3))(np.full(4, 0.3)), np.zeros(4))
