import numpy as np
import pytest
from figure_cases import waves

from hydra_llm.figures.spectrum import spectrum
from hydra_llm.metrics.spectrum import activity_rank


@pytest.mark.parametrize("shape", [(500, 30), (20, 60)])
def test_the_marks_stand_at_the_ranks_that_the_metrics_report(shape):
    u = waves(*shape)
    ranks = activity_rank(u)
    marks = [line.get_xdata()[0] for line in spectrum(u).axes[1].lines[1:]]
    assert marks == [ranks["activity_rank_90"], ranks["activity_rank_99"]]


def test_the_curve_is_the_singular_values_of_the_centred_activity():
    u = waves(200, 10)
    drawn = spectrum(u).axes[0].lines[0].get_ydata()
    assert drawn == pytest.approx(np.linalg.svd(u - u.mean(axis=0), compute_uv=False), rel=1e-4)


def test_values_that_are_rounding_are_not_drawn():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((100, 3)) @ rng.standard_normal((3, 20))
    assert len(spectrum(u).axes[0].lines[0].get_ydata()) == 3


def test_a_recording_too_large_in_both_directions_is_thinned_and_says_so():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((4500, 2)) @ rng.standard_normal((2, 2100))
    assert "every 3rd frame" in spectrum(u).get_suptitle()
