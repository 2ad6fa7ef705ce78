"""Scores of edge lists say what they claim, also where a few edges dominate or the graph is not the connectome."""

import numpy as np
import pytest

from hydra_llm.families.flyvis.evaluation.edges import edge_metrics, perturbed_edge_metrics
from hydra_llm.families.flyvis.evaluation.parameters import parameter_metrics, tolerance_metrics


@pytest.fixture
def edges():
    rng = np.random.default_rng(0)
    return {
        "true": rng.normal(0, 0.2, 300),
        "target": np.repeat(np.arange(30), 10),
        "pair": np.tile(np.arange(10), 30),
    }


def score(edges, learned, identifiable=None):
    return edge_metrics(
        learned,
        edges["true"],
        target=edges["target"],
        pair=edges["pair"],
        identifiable=identifiable,
        prefix="connectivity",
    )


def test_the_truth_scores_one_everywhere(edges):
    scores = score(edges, edges["true"], np.ones(300, bool))
    for name in ("_R2", "_R2_pearson2", "_R2_slope", "_sign_accuracy", "_R2_neuron_median", "_R2_type_pairs"):
        assert scores[f"connectivity{name}"] == pytest.approx(1)
    assert scores["connectivity_R2_identifiable"] == pytest.approx(1)
    assert scores["connectivity_identifiable_share"] == 1


def test_a_wrong_scale_keeps_the_correlation_and_loses_the_identity(edges):
    scores = score(edges, 0.5 * edges["true"])
    assert scores["connectivity_R2_pearson2"] == pytest.approx(1)
    assert scores["connectivity_R2_slope"] == pytest.approx(0.5)
    assert scores["connectivity_R2"] == pytest.approx(0.75, abs=0.01)
    assert scores["connectivity_sign_accuracy"] == 1


def test_one_strong_edge_decides_the_r2_and_not_its_companions(edges):
    edges["true"][0], learned = 100.0, np.zeros(300)
    learned[0] = 100.0
    scores = score(edges, learned)
    assert scores["connectivity_R2"] > 0.99
    assert scores["connectivity_R2_neuron_median"] < 0.1
    assert scores["connectivity_R2_type_pairs"] == pytest.approx(0.1, abs=0.01)


def test_weak_edges_have_no_sign(edges):
    learned = edges["true"].copy()
    weak = np.abs(edges["true"]) < 0.01
    learned[weak] *= -1
    assert weak.any()
    assert score(edges, learned)["connectivity_sign_accuracy"] == 1


def test_edges_of_weight_zero_are_told_from_the_others(edges):
    edges["true"][::5] = 0
    assert score(edges, edges["true"])["connectivity_edge_auroc"] == 1
    assert score(edges, np.ones(300))["connectivity_edge_auroc"] == 0.5


def test_what_is_no_number_is_left_out_and_said(edges, caplog):
    learned = edges["true"].copy()
    learned[3] = np.nan
    scores = score(edges, learned)
    assert "connectivity_R2" not in scores
    assert "Not reported: connectivity_R2" in caplog.text


def test_null_and_hidden_edges():
    true, number = np.array([1.0, -1.0, 0.5, 0, 0, 0]), np.array([0, 2, 3, -1, -1, -1])
    scores = perturbed_edge_metrics(np.array([0.9, -0.8, 0.1, 0.2, 0, 0]), true, number, n_edges=5)
    assert scores["null_edge_auroc"] == pytest.approx(8 / 9)
    assert scores["hidden_edge_share"] == pytest.approx(2 / 5)
    assert scores["null_edge_rms"] == pytest.approx(0.2 / np.sqrt(2.25))
    assert perturbed_edge_metrics(true, true, np.array([0, 1, 2, 3, 4, 5]), n_edges=6) == {}


def test_one_value_gone_astray_does_not_spoil_the_tolerance_scores():
    true = np.linspace(0, 1, 101)
    learned = true.copy()
    learned[7] = 1e9
    scores = tolerance_metrics(learned, true, prefix="V_rest", tolerance=0.1)
    assert scores == {"V_rest_median_error": 0.0, "V_rest_within": pytest.approx(100 / 101)}
    assert parameter_metrics(learned, true, prefix="V_rest")["V_rest_R2"] < -1e6


def test_identifiable_values_are_scored_apart():
    true, learned = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 40])
    scores = parameter_metrics(learned, true, prefix="tau", identifiable=[True, True, True, False])
    assert scores["tau_R2_identifiable"] == 1
    assert scores["tau_identifiable_share"] == 0.75
    assert scores["tau_R2"] < 0
