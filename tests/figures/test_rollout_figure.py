import warnings

import numpy as np
import pytest
from figure_cases import waves

from hydra_llm.figures.labels import of_recording
from hydra_llm.figures.rollout import rollout


def _image(figure, panel: int) -> np.ma.MaskedArray:
    return figure.axes[panel].images[0].get_array()


def test_the_panels_are_truth_prediction_and_their_difference_in_one_scale():
    u = waves(50, 5)
    figure = rollout(u, 0.5 * u, 0.1)
    assert np.allclose(_image(figure, 0), u.T)
    assert np.allclose(_image(figure, 1), 0.5 * u.T)
    assert np.allclose(_image(figure, 2), -0.5 * u.T)
    assert len({figure.axes[k].images[0].norm.vmax for k in range(3)}) == 1


def test_beside_a_recording_of_ones_own_nothing_is_called_the_truth(render):
    figure = rollout(waves(50, 5), waves(50, 5), 0.1, labels=of_recording("mV"))
    words = [word for word, _ in render(figure).words]
    assert {"Recording, 5 units", "activity u (mV)", "time (as in the file)"} <= set(words)
    assert not any("truth" in word.lower() or "τ" in word for word in words)


def test_a_diverged_rollout_leaves_the_truth_legible(render):
    u = waves(100, 5).astype(np.float64)
    u_hat = u.copy()
    u_hat[40:70] *= 1e300
    u_hat[70:] = np.inf
    u_hat[90:] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = rollout(u, u_hat, 0.1)
        render(figure)
    assert _image(figure, 1).mask[:, 70:].all()
    assert not _image(figure, 1).mask[:, :70].any()
    reach = np.abs(u).max()
    assert figure.axes[0].images[0].norm.vmax <= reach
    assert figure.axes[3].get_ylim()[1] < 20 * reach


def test_the_residual_of_concentrations_has_two_hues():
    c = np.abs(waves(50, 5))
    norm = rollout(c, 0.5 * c, 0.1).axes[2].images[0].norm
    assert norm.vmin == -norm.vmax


def test_frames_that_differ_are_refused():
    with pytest.raises(ValueError, match="predicted"):
        rollout(waves(50, 5), waves(40, 5), 0.1)
