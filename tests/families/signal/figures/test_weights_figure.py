import numpy as np
import pytest
from figure_cases import network

from hydra_llm.families.signal.figures.weights import weights


def _panels(*arguments) -> dict:
    return {axes.get_label(): axes for axes in weights(*arguments).axes}


def test_both_matrices_share_the_colour_scale_of_the_truth():
    W, W_hat, off_diagonal = network(50, 0.1)
    figure = weights(W, 100 * W_hat, off_diagonal, {})
    norms = {(image.norm.vmin, image.norm.vmax) for axes in figure.axes for image in axes.images}
    assert len(norms) == 1
    assert norms.pop()[1] <= np.abs(W).max()


def test_rows_are_targets_and_columns_are_sources():
    W = np.zeros((3, 3))
    W[2, 0] = 1.0  # onto 2, from 0
    true = _panels(W, W, ~np.eye(3, dtype=bool), {})["true"]
    assert true.get_xlabel() == "source neuron (index)"
    assert true.get_ylabel() == "target neuron (index)"
    assert true.images[0].get_array()[2, 0] == 1.0


def test_only_entries_of_the_mask_are_compared():
    W, W_hat, off_diagonal = network(30, 0.1)
    scatter = _panels(W, W_hat + 50 * np.eye(30), off_diagonal, {})["scatter"]
    points = scatter.collections[0].get_offsets()
    assert len(points) == 30 * 29
    assert np.asarray(points)[:, 1].max() < 10


def test_the_corner_is_the_first_20_neurons_and_absent_in_small_networks():
    W, W_hat, off_diagonal = network(50, 0.1)
    corner = _panels(W, W_hat, off_diagonal, {})["learned_corner"].images[0].get_array()
    assert np.array_equal(corner, W_hat[:20, :20])
    assert "learned_corner" not in _panels(*network(20, 0), {})


def test_scores_are_written_and_absent_ones_are_not():
    text = _panels(*network(10, 0.1), {"connectivity_R2": 0.98765, "connectivity_R2_slope": 1.02})["scatter"].texts[0]
    assert text.get_text() == "R² (identity) = 0.9877\nslope = 1.0200"


def test_the_scores_of_the_oracle_are_found_by_their_prefix():
    scores = {"oracle_connectivity_R2": 1.0, "connectivity_R2": 0.5}
    text = _panels(*network(10, 0.1), scores, "oracle_connectivity")["scatter"].texts[0].get_text()
    assert text == "R² (identity) = 1.0000"


def test_matrices_of_different_size_are_refused():
    with pytest.raises(ValueError, match="square matrices"):
        weights(np.zeros((3, 3)), np.zeros((4, 4)), np.ones((3, 3), dtype=bool), {})
