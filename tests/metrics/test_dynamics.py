"""Scores of dynamics: what they reward, and what they refuse to invent."""

import numpy as np
import pytest

from hydra_llm.metrics.dynamics import onestep_metrics, rollout_metrics

T = np.linspace(0, 20, 2000)[:, None]
TRUE = np.sin(T + np.arange(5))


def rollout(predicted, true=TRUE):
    return rollout_metrics(predicted, true, prefix="test", tolerance=0.5)


def test_the_truth_scores_one():
    assert rollout(TRUE) == {"test_valid_frames": 2000, "test_R2": 1, "test_pearson": pytest.approx(1)}
    assert onestep_metrics(TRUE, TRUE, prefix="onestep") == {"onestep_R2": 1}


def test_a_wrong_amplitude_costs_r2_and_not_pearson():
    scores = rollout(1.5 * TRUE)
    assert scores["test_R2"] == pytest.approx(0.75, abs=0.02)
    assert scores["test_pearson"] == pytest.approx(1)


def test_a_constant_prediction_is_no_better_than_zero_and_has_no_correlation(caplog):
    scores = rollout(np.zeros_like(TRUE))
    assert scores["test_R2"] <= 0
    assert "test_pearson" not in scores
    assert "test_pearson" in caplog.text


def test_a_diverged_rollout_has_no_r2_but_says_how_long_it_was_valid(caplog):
    predicted = TRUE.copy()
    predicted[300:] = np.nan
    assert rollout(predicted) == {"test_valid_frames": 300}
    assert "diverged at frame 300" in caplog.text


def test_valid_frames_count_to_the_first_large_error():
    predicted = TRUE.copy()
    predicted[700] += 1
    assert rollout(predicted)["test_valid_frames"] == 700


def test_constant_neurons_are_left_out():
    true = TRUE.copy()
    true[:, 0] = 3
    predicted = true.copy()
    predicted[:, 0] = 1e6
    assert rollout(predicted, true)["test_R2"] == 1


def test_an_offset_in_one_neuron_costs_onestep_r2():
    shifted = TRUE + np.array([1, 0, 0, 0, 0])
    assert onestep_metrics(shifted, TRUE, prefix="onestep")["onestep_R2"] == pytest.approx(1 - 0.2 / 0.5, abs=0.05)


def test_a_derivative_that_is_no_number_is_absent():
    assert onestep_metrics(np.full_like(TRUE, np.inf), TRUE, prefix="onestep") == {}
