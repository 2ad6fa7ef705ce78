import numpy as np
import pytest

from hydra_llm.families.signal.figures.eigenvalues import eigenvalues

ROTATION = np.array([[0.0, -2.0], [2.0, 0.0]])  # eigenvalues +-2i


def test_eigenvalues_stand_at_their_place():
    true, learned = eigenvalues(ROTATION, 0.5 * ROTATION, True).axes[0].collections
    assert np.sort(np.asarray(true.get_offsets())[:, 1]) == pytest.approx([-2, 2])
    assert np.sort(np.asarray(learned.get_offsets())[:, 1]) == pytest.approx([-1, 1])


def test_the_legend_says_both_spectral_radii_and_what_the_circle_is(render):
    picture = render(eigenvalues(ROTATION, 0.5 * ROTATION, True))
    for words in ("true, ρ(gW) = 2", "learned, ρ(gW) = 1", "gρ = 1"):
        assert words in picture
    assert "true, ρ(W) = 2" in render(eigenvalues(ROTATION, ROTATION, False))


def test_a_matrix_and_its_eigenvalues_give_one_picture(render):
    values = np.linalg.eigvals(ROTATION)
    given, computed = eigenvalues(values, values, True), eigenvalues(ROTATION, ROTATION, True)
    assert np.array_equal(render(given).pixels, render(computed).pixels)


def test_the_unit_circle_is_round_and_always_in_the_picture():
    axes = eigenvalues(1e-3 * ROTATION, 1e-3 * ROTATION, True).axes[0]
    assert axes.get_aspect() == 1
    assert axes.get_xlim()[1] > 1


@pytest.mark.parametrize("W", [np.zeros((2, 3)), np.full((2, 2), np.nan), np.zeros((3001, 3001))])
def test_what_has_no_eigenvalues_or_too_many_is_refused(W):
    with pytest.raises(ValueError, match=r"W_learned (must be .*got|has 3,001 neurons.*Give)"):
        eigenvalues(ROTATION, W, True)
