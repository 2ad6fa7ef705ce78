"""Scores of weights: identity line, slope, signs, edges; and no made-up zero."""

import numpy as np
import pytest

from hydra_llm.metrics.connectivity import connectivity_metrics, edge_auroc


@pytest.fixture
def W():
    weights = np.random.default_rng(0).normal(size=(40, 40))
    np.fill_diagonal(weights, 0)
    return weights


def score(learned, true, identifiable=None):
    return connectivity_metrics(learned, true, identifiable=identifiable, prefix="connectivity")


def test_the_truth_scores_one(W):
    scores = score(W, W)
    for name in ("R2", "R2_pearson2", "R2_slope", "sign_accuracy"):
        assert scores[f"connectivity_{name}"] == pytest.approx(1)


def test_a_wrong_scale_costs_r2_and_leaves_pearson(W):
    scores = score(0.5 * W, W)
    assert scores["connectivity_R2"] == pytest.approx(0.75, abs=0.01)
    assert scores["connectivity_R2_pearson2"] == pytest.approx(1)
    assert scores["connectivity_R2_slope"] == pytest.approx(0.5)


def test_a_flipped_sign_has_slope_minus_one_and_no_right_sign(W):
    scores = score(-W, W)
    assert (scores["connectivity_R2_slope"], scores["connectivity_sign_accuracy"]) == (pytest.approx(-1), 0)
    assert scores["connectivity_R2"] == pytest.approx(-3, abs=0.05)


def test_independent_weights_score_near_minus_one_and_never_near_zero_by_a_fit(W):
    other = np.random.default_rng(1).normal(size=W.shape)
    assert score(other, W)["connectivity_R2"] == pytest.approx(-1, abs=0.2)


def test_the_diagonal_does_not_count(W):
    assert score(W + 100 * np.eye(40), W) == score(W, W)


def test_a_transposed_matrix_is_not_a_recovery(W):
    assert score(W.T, W)["connectivity_R2"] < 0


def test_identifiable_entries_are_scored_apart(W):
    known = np.zeros((40, 40), dtype=bool)
    known[:10] = True
    learned = np.where(known, W, 0)
    scores = score(learned, W, known)
    assert scores["connectivity_R2_identifiable"] == pytest.approx(1)
    assert scores["connectivity_identifiable_share"] == pytest.approx(0.25)
    assert scores["connectivity_R2"] < 0.5


def test_edge_auroc_appears_only_where_synapses_are_missing(W):
    sparse = np.where(np.random.default_rng(2).random(W.shape) < 0.3, W, 0)
    noise = np.random.default_rng(3).normal(size=W.shape)
    assert "connectivity_edge_auroc" not in score(W, W)
    assert score(sparse, sparse)["connectivity_edge_auroc"] == 1
    assert score(noise, sparse)["connectivity_edge_auroc"] == pytest.approx(0.5, abs=0.05)


def test_auroc_counts_a_tie_as_one_half():
    assert edge_auroc([1, 1, 1, 1], [True, False, True, False]) == 0.5


def test_a_score_that_cannot_be_computed_is_absent_and_the_log_says_why(W, caplog):
    scores = score(np.full_like(W, np.nan), W)
    assert scores == {}
    assert "connectivity_R2" in caplog.text
    assert "connectivity_R2" not in score(W, np.zeros_like(W))


def test_shapes_that_do_not_fit_are_refused(W):
    with pytest.raises(ValueError, match=r"\(40, 39\)"):
        score(W[:, :-1], W)
