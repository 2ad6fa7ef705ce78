"""Scores of rate constants and coefficients, and the gauge of the substrate function."""

import numpy as np
import pytest

from hydra_llm.families.metabolism.metrics import (
    gauge,
    in_gauge,
    rate_constant_metrics,
    stoichiometry_metrics,
)

RNG = np.random.default_rng(0)
TRUE = RNG.uniform(-2, -1, 40)


def score(learned, identifiable=None):
    return rate_constant_metrics(learned, TRUE, identifiable=identifiable, prefix="rate_constants")


def test_a_perfect_recovery_scores_one_and_has_no_outlier():
    scores = score(TRUE)
    assert scores["rate_constants_R2"] == scores["rate_constants_R2_slope"] == 1
    assert scores["rate_constants_n_outliers"] == 0


def test_a_shift_is_seen_by_the_identity_line_and_not_by_what_publications_report():
    scores = score(TRUE + 1)
    assert scores["rate_constants_R2_pearson2"] == pytest.approx(1)
    assert scores["rate_constants_R2"] < -5
    assert scores["rate_constants_n_outliers"] == 40
    assert "rate_constants_trimmed_R2" not in scores


def test_constants_that_data_leave_open_are_scored_apart():
    known = np.arange(40) >= 5
    learned = np.where(known, TRUE, TRUE + 2)
    scores = score(learned, known)
    assert scores["rate_constants_R2_identifiable"] == 1
    assert scores["rate_constants_identifiable_share"] == 35 / 40
    assert scores["rate_constants_R2"] < 0
    assert scores["rate_constants_n_outliers"] == 5
    assert scores["rate_constants_trimmed_R2"] == pytest.approx(1)


def test_a_constant_that_is_no_number_leaves_the_scores_out(caplog):
    scores = score(np.where(np.arange(40) == 3, np.nan, TRUE))
    assert "rate_constants_R2" not in scores
    assert "rate_constants_R2" in caplog.text


def test_the_gauge_undoes_a_factor_per_order():
    law = RNG.uniform(0.1, 10, (500, 1)) ** np.array([[1.0, 2.0]])
    alpha = np.array([2.0, 0.5])
    np.testing.assert_allclose(gauge(alpha * law, law), alpha)
    substrates = np.array([[2, 0, 1], [0, 1, 1]])  # [order, reaction]
    learned = np.array([-1.0, -2.0, -1.5]) - np.log10(alpha) @ substrates
    np.testing.assert_allclose(in_gauge(learned, alpha, substrates), [-1, -2, -1.5])


def test_stoichiometry_counts_whole_numbers_and_signs_where_the_truth_is_not_zero():
    S = np.array([[-1.0, 0, 2], [1, -1, 0], [0, 1, -2]])
    k = np.array([-1.0, -2.0, -1.5])
    scores = stoichiometry_metrics(S + 0.2, S, k, k)
    assert scores["stoichiometry_exact"] == 1
    assert scores["stoichiometry_sign_accuracy"] == 1
    assert 0.9 < scores["stoichiometry_R2"] < 1
    assert stoichiometry_metrics(-S, S, k, k)["stoichiometry_sign_accuracy"] == 0


def test_a_factor_between_coefficients_and_constants_leaves_the_turnover_alone():
    S, k = np.array([[-1.0, 0, 2], [1, -1, 0], [0, 1, -2]]), np.array([-1.0, -2.0, -1.5])
    factor = np.array([2.0, 0.5, 3.0])
    scores = stoichiometry_metrics(S * factor, S, k - np.log10(factor), k)
    assert scores["turnover_R2"] == pytest.approx(1)
    assert scores["stoichiometry_R2"] < 0.5


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="There must be as many learned rate constants as true ones, got 3 and 40"):
        rate_constant_metrics(np.ones(3), TRUE, identifiable=None, prefix="rate_constants")
    with pytest.raises(ValueError, match=r"\[sample, order\]"):
        gauge(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"coefficients must have one shape, got \(2, 2\) and \(3, 2\)"):
        stoichiometry_metrics(np.ones((2, 2)), np.ones((3, 2)), np.ones(2), np.ones(2))
