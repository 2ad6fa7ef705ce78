"""The gauge per source: any factor that a model may absorb is taken out again, and nothing else."""

import numpy as np
import pytest

from hydra_llm.metrics.connectivity import connectivity_metrics
from hydra_llm.metrics.gauge import moved_sources, recorded_grid, rescale_sources, source_scale

RNG = np.random.default_rng(0)
ACTIVITY = RNG.normal(size=(500, 30)) * RNG.uniform(0.5, 5, size=30)


def test_any_scale_and_offset_per_source_is_undone():
    W = RNG.normal(size=(30, 30))
    grid = recorded_grid(ACTIVITY, 200)
    c, offset = RNG.uniform(-3, 3, size=30), RNG.normal(size=30)
    scale = source_scale(c * np.tanh(grid) + offset, np.tanh(grid))
    np.testing.assert_allclose(scale, c)
    recovered = rescale_sources(W / c, scale)
    scores = connectivity_metrics(recovered, W, identifiable=None, prefix="connectivity")
    assert scores["connectivity_R2"] == pytest.approx(1)


def test_the_grid_spans_the_recorded_range_of_each_neuron():
    grid = recorded_grid(ACTIVITY, 50)
    np.testing.assert_allclose(grid[0], ACTIVITY.min(axis=0))
    np.testing.assert_allclose(grid[-1], ACTIVITY.max(axis=0))


def test_a_silent_source_has_no_scale_and_takes_the_median_of_the_others():
    grid = recorded_grid(np.concatenate([ACTIVITY[:, :2], -1 - np.abs(ACTIVITY[:, 2:3])], axis=1), 50)
    scale = source_scale(2 * np.maximum(grid, 0), np.maximum(grid, 0))
    assert scale[:2] == pytest.approx([2, 2])
    assert np.isnan(scale[2])
    np.testing.assert_allclose(rescale_sources(np.ones((3, 3)), scale), [[2, 2, 2]] * 3)


def test_a_source_on_its_plateau_decides_nothing():
    """Types of widths and shifts (w, h) of which the last never leaves the plateau of tanh: its true message varies by
    rounding, and the quotient of what a network learned there and of that rounding was above 1,000."""
    rng = np.random.default_rng(0)
    h, w = np.repeat([0.0, 0.5, -1.0, 2.0], 5), np.repeat([1.0, 0.3, 3.0, 1.0], 5)
    activity = rng.normal(size=(500, 20)) * 3
    activity[:, 7] = 20 + rng.normal(size=500)
    grid = recorded_grid(activity, 200)
    true = np.tanh((grid - h) / w)
    learned = -17 * true + 1e-3 * np.sin(grid)
    W = rng.normal(size=(20, 20)) / 20**0.5
    scale = source_scale(learned, true)
    told = moved_sources(true)
    assert np.flatnonzero(~told).tolist() == [7] == np.flatnonzero(np.isnan(scale)).tolist()
    scores = connectivity_metrics(
        rescale_sources(W / -17, scale), W, identifiable=None, prefix="connectivity", sources=told
    )
    assert scores["connectivity_R2"] > 0.999
    assert scores["connectivity_R2_all_sources"] > 0.99
    assert scores["connectivity_gauge_share"] == pytest.approx(19 / 20)


def test_of_sources_without_any_message_none_is_told():
    assert not moved_sources(np.ones((10, 3))).any()


def test_grids_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="one grid"):
        source_scale(np.zeros((5, 3)), np.zeros((4, 3)))
