"""The hexagonal lattice of columns and its twelve symmetries."""

import numpy as np
import pytest

from hydra_llm.families.flyvis.stimuli.hex_lattice import FLIPS, HexLattice


@pytest.mark.parametrize(("extent", "n_columns"), [(1, 7), (2, 19), (3, 37), (8, 217), (15, 721)])
def test_the_lattice_has_the_columns_of_a_hexagon(extent, n_columns):
    lattice = HexLattice(extent)
    assert lattice.n_columns == len(lattice.uv) == n_columns
    assert [tuple(uv) for uv in lattice.uv] == sorted(tuple(uv) for uv in lattice.uv)
    np.testing.assert_array_equal(lattice.index(*lattice.uv.T), np.arange(n_columns))
    assert lattice.index(np.array([extent + 1]), np.array([0])) == -1
    assert lattice.index(np.array([extent]), np.array([1])) == -1


def test_neighbours_are_at_distance_one():
    lattice = HexLattice(3)
    distance = np.linalg.norm(lattice.xy[:, None] - lattice.xy[None], axis=-1)
    assert distance[distance > 0].min() == pytest.approx(1)
    assert ((distance > 0) & (distance < 1.01)).sum(axis=1).max() == 6


def test_one_turn_is_a_rotation_by_60_degrees():
    lattice = HexLattice(3)
    bright = lattice.index(np.array([2]), np.array([0]))[0]
    image = np.zeros(lattice.n_columns)
    image[bright] = 1
    angles = [np.degrees(np.arctan2(*lattice.xy[image[lattice.symmetry(k, 0)].argmax()][::-1])) % 360 for k in range(6)]
    np.testing.assert_allclose(np.round(angles, 9) % 360, [0, 60, 120, 180, 240, 300])


def test_six_turns_and_two_reflections_change_nothing():
    lattice = HexLattice(4)
    once = lattice.symmetry(1, 0)
    image = np.arange(lattice.n_columns)
    for _ in range(6):
        image = image[once]
    np.testing.assert_array_equal(image, np.arange(lattice.n_columns))
    for flip in FLIPS[1:]:
        mirror = lattice.symmetry(0, flip)
        np.testing.assert_array_equal(mirror[mirror], np.arange(lattice.n_columns))


def test_the_symmetries_are_twelve_and_keep_distances():
    lattice = HexLattice(2)
    all_of_them = {tuple(lattice.symmetry(turns, flip)) for turns in range(6) for flip in FLIPS}
    assert len(all_of_them) == 12
    distance = np.linalg.norm(lattice.xy[:, None] - lattice.xy[None], axis=-1)
    for permutation in all_of_them:
        order = list(permutation)
        np.testing.assert_allclose(distance[np.ix_(order, order)], distance, atol=1e-12)


def test_an_unknown_axis_is_refused():
    with pytest.raises(ValueError, match="flip must be one of 0, 1, 2, 3, got 4"):
        HexLattice(2).symmetry(0, 4)
