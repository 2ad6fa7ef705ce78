"""Intervals are judged by how often they hold the truth."""

import numpy as np
import pytest

from hydra_llm.metrics.intervals import interval_metrics


def test_honest_errors_cover_nine_in_ten_and_halved_ones_fewer():
    rng = np.random.default_rng(0)
    true, error = rng.normal(size=4000), rng.uniform(0.1, 1, size=4000)
    found = true + error * rng.normal(size=4000)
    honest = interval_metrics(found, error, true, prefix="tau")
    assert honest["tau_coverage_90"] == pytest.approx(0.9, abs=0.02)
    assert honest["tau_standard_error"] == pytest.approx(np.median(error))
    assert interval_metrics(found, error / 2, true, prefix="tau")["tau_coverage_90"] < 0.65


def test_without_parameters_nothing_is_said():
    assert interval_metrics([], [], [], prefix="tau") == {}
