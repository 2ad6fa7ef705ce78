import numpy as np
import pytest

from hydra_llm.families.signal.figures.functions import functions

U = np.linspace(-4, 4, 81)
PHI = np.tanh(U)


def test_every_type_has_a_true_and_a_learned_curve_of_one_colour():
    update = -np.arange(1, 5)[:, None] * U
    right = functions(U, PHI, PHI, update, update).axes[1]
    colours = [line.get_color() for line in right.lines]
    assert len(colours) == 8
    assert colours[:4] == colours[4:]
    assert len(set(colours)) == 4


def test_a_function_that_types_share_is_drawn_once_and_in_no_colour_of_theirs():
    update = -np.arange(1, 5)[:, None] * U
    left, right = functions(U, PHI, PHI, update, update).axes
    assert len(left.lines) == 2
    assert not {line.get_color() for line in left.lines} & {line.get_color() for line in right.lines}


def test_a_learned_function_is_free_to_leave_the_picture_outside_the_recorded_range():
    wild = np.where(np.abs(U) < 2, PHI, 1e3)
    density = (np.abs(U) < 2).astype(float)
    assert functions(U, PHI, wild, -U, -U, density).axes[0].get_ylim()[1] < 2
    assert functions(U, PHI, wild, -U, -U).axes[0].get_ylim()[1] > 1e3


def test_the_shaded_range_is_where_the_density_is_positive():
    density = np.where((U >= -1) & (U <= 3), 1.0, 0.0)
    span = functions(U, PHI, PHI, -U, -U, density).axes[0].patches[0]
    low, high = span.get_path().get_extents(span.get_patch_transform()).intervalx
    assert (low, high) == pytest.approx((-1, 3))


def test_curves_off_the_grid_are_refused_by_name():
    with pytest.raises(ValueError, match=r"update_learned must be \[type, point\] on.*got the shape \(2, 5\)"):
        functions(U, PHI, PHI, -U, np.zeros((2, 5)))


def test_a_density_that_is_zero_everywhere_is_refused():
    with pytest.raises(ValueError, match="u_range_density"):
        functions(U, PHI, PHI, -U, -U, np.zeros_like(U))
