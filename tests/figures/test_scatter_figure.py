import numpy as np
import pytest

from hydra_llm.figures.scatter import scatter


def test_both_axes_have_one_range_and_the_identity_line_spans_it():
    axes = scatter([1.0, 2.0, 3.0], [1.0, 2.5, 5.0], {}, "tau", "s").axes[0]
    assert axes.get_xlim() == axes.get_ylim()
    line = axes.lines[0]
    assert list(line.get_xdata()) == list(line.get_ydata()) == list(axes.get_xlim())


def test_points_beyond_the_axes_or_without_a_value_are_counted():
    rng = np.random.default_rng(0)
    true = rng.standard_normal(3000)
    learned = true.copy()
    learned[0], learned[1], learned[2] = 1e6, np.nan, np.inf
    axes = scatter(true, learned, {}, "tau", "s").axes[0]
    assert axes.texts[0].get_text() == "1 outside the axes\n2 without a value"
    assert axes.get_ylim()[1] < 10


def test_many_points_become_a_density_that_counts_each_once():
    rng = np.random.default_rng(0)
    true = rng.standard_normal(20_000)
    cells = scatter(true, true + 0.1 * rng.standard_normal(20_000), {}, "tau", "s").axes[0].collections[0]
    assert int(cells.get_array().sum()) == 20_000


def test_the_scores_stand_where_there_are_fewer_points():
    points = np.linspace(0, 1, 50)
    above = scatter(points, np.ones(50), {"tau_R2": 0.1}, "tau", "s").axes[0].texts[0]
    below = scatter(points, np.zeros(50), {"tau_R2": 0.1}, "tau", "s").axes[0].texts[0]
    assert above.get_verticalalignment() == "bottom"
    assert below.get_verticalalignment() == "top"


def test_unequal_shapes_are_refused():
    with pytest.raises(ValueError, match=r"True and learned values must have one.*got \(2,\) and \(1,\)"):
        scatter([1.0, 2.0], [1.0], {}, "tau", "s")
