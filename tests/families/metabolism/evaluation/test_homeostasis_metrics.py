"""Slopes and offsets of homeostasis against the truth."""

import numpy as np
import pytest

from hydra_llm.families.metabolism.evaluation.homeostasis import (
    Lines,
    Regulation,
    fit_lines,
    homeostasis_metrics,
    slope_score,
    verdict,
)

TYPES = np.repeat([0, 1], 3)
RATE, BASELINE = np.array([0.001, 0.002])[TYPES], np.array([4.0, 6.0])[TYPES]
TRUTH = Regulation.per_type(RATE, BASELINE, TYPES)
GRID = np.linspace(1, 9, 20)[:, None] * np.ones(6)


def lines_of(factor, information=None):
    slope = -RATE * np.asarray(factor)
    return Lines(slope, -slope * BASELINE, np.ones(6) if information is None else np.asarray(information))


def test_the_true_response_scores_one():
    lines = fit_lines(GRID, -RATE * (GRID - BASELINE), GRID.var(axis=0))
    scores = homeostasis_metrics(lines, TRUTH)
    for name in ("slope_ratio_0", "slope_ratio_1", "offset_ratio_0", "offset_ratio_1_median", "avg_slope_ratio"):
        assert scores[name] == pytest.approx(1)
    assert scores["slope_score"] == pytest.approx(1)
    assert scores["MLP_node_slope_1"] == pytest.approx(-0.002)
    assert scores["MLP_node_gt_offset_1"] == pytest.approx(0.012)


def test_a_flat_response_has_slope_zero_and_score_zero():
    scores = homeostasis_metrics(fit_lines(GRID, np.zeros_like(GRID), np.ones(6)), TRUTH)
    assert scores["avg_slope_ratio"] == 0
    assert scores["slope_score"] == 0


@pytest.mark.parametrize(
    ("ratios", "score"), [((0, 2), 0.25), ((-1, 3), 1 / 6), ((0.5, 1.5), (0.5 + 2 / 3) / 2), ((1, 1), 1)]
)
def test_wrong_ratios_that_average_to_one_have_no_perfect_score(ratios, score):
    assert np.mean(ratios) == 1
    assert slope_score(ratios) == pytest.approx(score)


def test_a_metabolite_that_barely_varies_does_not_spoil_its_type():
    lines = lines_of([1, 1, 50, 1, 1, 1], information=[1, 1, 1e-6, 1, 1, 1])
    scores = homeostasis_metrics(lines, TRUTH)
    assert scores["slope_ratio_0"] == pytest.approx(1, abs=1e-4)
    assert scores["slope_ratio_0_median"] == pytest.approx(1)
    assert scores["slope_ratio_0_mean"] == pytest.approx(52 / 3)


def test_a_type_without_homeostasis_has_no_ratio():
    free = Regulation.per_type(RATE * (TYPES == 1), BASELINE, TYPES)
    scores = homeostasis_metrics(lines_of(np.ones(6)), free)
    assert "slope_ratio_0" not in scores
    assert "slope_score" not in scores
    assert scores["slope_ratio_1"] == pytest.approx(1)


def test_a_prefix_names_the_oracle():
    assert "oracle_slope_ratio_0" in homeostasis_metrics(lines_of(np.ones(6)), TRUTH, prefix="oracle_")


VERDICTS = {
    "converged": (1, 0.8, 1.2),
    "partial": (0.79, 0.3, 3.0, 1.3),
    "failed": (0.29, 3.01, 0, -1, float("nan")),
}


@pytest.mark.parametrize(("ratio", "named"), [(ratio, named) for named in VERDICTS for ratio in VERDICTS[named]])
def test_limits_of_a_verdict_belong_to_the_better_class(ratio, named):
    assert verdict(ratio) == named
