"""The evaluator of the fly visual system: the truth in any gauge scores 1, and what is wrong shows where it should."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
from omegaconf import OmegaConf

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from law_network import LawNetwork  # noqa: E402

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.families.fitting import Fit  # noqa: E402
from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator  # noqa: E402
from hydra_llm.families.flyvis.fit import FlyvisFit  # noqa: E402
from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree  # noqa: E402
from hydra_llm.families.flyvis.fitting.parameter_spread import ParameterSpread  # noqa: E402
from hydra_llm.families.flyvis.oracle import sample  # noqa: E402
from hydra_llm.metrics.scores import identity_r2  # noqa: E402
from hydra_llm.training.simulation import simulate  # noqa: E402
from hydra_llm.training.snapshots import Snapshots  # noqa: E402

HISTORY = {"val_loss": ([0.0, 1.0], [0.5, 0.1])}


@pytest.fixture
def eye(make_flyvis_system, tmp_path):
    """eye(**keys) -> (evaluator, dataset) of a recording of the tiny connectome."""

    def make(target="drift", **keys):
        keys = {"parameters": "varied", "noise_model_level": 0.3, "n_frames": 900, "dtype": "float64", **keys}
        system = make_flyvis_system(n_frames_validation=120, n_frames_test=120, **keys)
        dataset = simulate(
            system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], oracle=True, enable_progress_bar=False
        )
        training = {"target": target, "difference_order": "forward", "seed": 0, "rollout_frames": 40}
        return FlyvisEvaluator(dataset, OmegaConf.create(training)), dataset

    return make


def judge(eye_and_dataset, error=0.0, snapshots=(), change=None):
    evaluator, dataset = eye_and_dataset
    net = LawNetwork(dataset.observations(), dataset.truth(), error)
    if change is not None:
        change(net)
    fit = Fit(net, None, HISTORY, 1, 0.1, snapshots)
    return evaluator.score(fit, evaluator.oracle()), fit


def test_the_truth_in_another_gauge_scores_one(eye):
    evaluation, _ = judge(eye())
    for name in ("connectivity_R2", "tau_R2", "V_rest_R2", "connectivity_R2_identifiable", "onestep_R2"):
        assert evaluation.metrics[name] == pytest.approx(1, abs=1e-6), name
    for name in ("val_noise_free_R2", "test_noise_free_R2", "test_noise_free_R2_median"):
        assert evaluation.metrics[name] == pytest.approx(1, abs=1e-6), name
    assert (
        evaluation.metrics["cluster_accuracy"] > 0.85
    )  # cells at the border have fewer inputs than others of their type
    assert evaluation.metrics["embedding_cluster_acc"] == 1
    assert evaluation.metrics["connectivity_sign_accuracy"] == 1
    assert evaluation.metrics["tau_missing_share"] == 0


def test_the_published_correction_misses_the_constant_of_the_messages(eye):
    """It reads f at m = 0, where the constants of the messages are left in V_rest."""
    evaluation, _ = judge(eye())
    assert evaluation.metrics["connectivity_published_R2"] > 0.99
    assert evaluation.metrics["tau_published_R2"] > 0.99
    assert evaluation.metrics["V_rest_published_R2"] < 0.9


def test_errors_of_W_show_in_the_scores_of_W(eye):
    evaluation, _ = judge(eye(), error=0.3)
    assert 0.7 < evaluation.metrics["connectivity_R2"] < 0.99
    assert evaluation.metrics["tau_R2"] == pytest.approx(1, abs=1e-6)


def test_a_neuron_that_does_not_relax_is_counted_and_not_hidden(eye, caplog):
    caplog.set_level("INFO")

    def unlearn(net):
        with torch.no_grad():
            net.tau[:10] *= -1

    evaluation, _ = judge(eye(), change=unlearn)
    assert evaluation.metrics["tau_missing_share"] == pytest.approx(10 / evaluation.metrics["n_neurons"])
    assert "10 of" in caplog.text
    assert evaluation.metrics["test_R2"] < 0  # its rollout runs away


def test_the_oracle_is_scored_beside_and_says_what_is_open(eye):
    evaluator, _ = eye()
    report = evaluator.oracle()
    assert report.scores["oracle_connectivity_R2"] in (report.scores["oracle_ls"], report.scores["oracle_evidence"])
    for name in ("oracle_ls", "oracle_ridge", "oracle_evidence", "oracle_tied"):
        assert report.scores[name] > 0.9
    assert report.scores["oracle_tau_R2"] > 0.999
    assert report.scores["oracle_null_dimensions"] >= 0
    assert "synaptic weights" in report.sentence


@pytest.mark.parametrize("hidden", [{}, {"n_hidden_neurons": 0.1}])
def test_a_sampled_oracle_is_scored_over_the_sample_and_says_so(eye, monkeypatch, hidden):
    whole = eye(**hidden)[0].oracle()
    monkeypatch.setattr(sample, "LEAST", 20)
    monkeypatch.setattr(sample, "EDGE_FRAMES", 1)
    evaluator, dataset = eye(**hidden)
    report = evaluator.oracle()
    looked = report.found.looked
    assert 0 < len(looked.neurons) < looked.n_neurons
    assert "a sample of" in report.sentence
    assert report.scores["oracle_sampled_neurons"] == len(looked.neurons)
    assert report.scores.keys() == whole.scores.keys() | {"oracle_sampled_neurons"}
    W = evaluator._truth.W[looked.edges.numpy()]
    assert report.scores["oracle_ls"] == pytest.approx(identity_r2(report.found.ls.W.numpy(), W))
    if hidden:
        assert looked.n_neurons == len(evaluator._truth.tau), "of the recorded ones"
        return
    net = LawNetwork(dataset.observations(), dataset.truth(), 0.3)
    metrics = evaluator.score(Fit(net, None, HISTORY, 1, 0.1), report).metrics
    known = looked.edges[report.found.identifiable_W].numpy()
    assert metrics["connectivity_identifiable_share"] == pytest.approx(len(known) / len(looked.edges))
    learned = evaluator._probe.recover(net).W
    assert metrics["connectivity_R2_identifiable"] == pytest.approx(
        identity_r2(learned[known], evaluator._truth.W[known])
    )
    assert metrics["connectivity_R2"] == pytest.approx(identity_r2(learned, evaluator._truth.W)), "of all edges"


def test_one_tau_for_all_leaves_no_R2_to_report(eye, caplog):
    caplog.set_level("INFO")
    evaluation, _ = judge(eye(parameters="default"))
    assert "tau_R2" not in evaluation.metrics
    assert evaluation.metrics["tau_median_ratio"] == pytest.approx(1)
    assert "all neurons have tau = 0.05 s" in caplog.text


def test_null_edges_and_hidden_edges_are_scored(eye):
    evaluation, _ = judge(eye(n_extra_null_edges=40, edge_removal_ratio=0.1))
    assert evaluation.metrics["null_edge_auroc"] == 1
    assert evaluation.metrics["hidden_edge_share"] == pytest.approx(0.1, abs=0.02)
    assert len(evaluation.recovered.W) != int(evaluation.metrics["n_edges"])


def test_snapshots_become_a_log_with_their_phases(eye):
    evaluator, dataset = eye()
    kept = Snapshots()
    for k, (error, phase) in enumerate([(0.8, "W"), (0.3, "W"), (0.3, "V_rest"), (0.0, "W")]):
        kept.take(0, 640 * (k + 1), phase, LawNetwork(dataset.observations(), dataset.truth(), error))
    evaluation, fit = judge((evaluator, dataset), snapshots=tuple(kept.taken))
    rows = list(csv.DictReader(io.StringIO(evaluator.tables(fit, evaluation)["connectivity_r2.log"])))
    assert [row["phase"] for row in rows] == ["W", "W", "V_rest", "W"]
    first, second, _, last = (float(row["connectivity_r2"]) for row in rows)
    assert first < second < last
    assert evaluation.metrics["connectivity_R2_final"] == pytest.approx(1, abs=1e-3)
    assert evaluation.metrics["trajectory_healthy"] == 1


def test_the_table_has_a_row_per_type_and_the_numbers_of_the_run(eye):
    evaluator, dataset = eye()
    evaluation, fit = judge((evaluator, dataset))
    files = evaluator.tables(fit, evaluation)
    rows = list(csv.DictReader(io.StringIO(files["types.csv"])))
    assert [row["type"] for row in rows] == dataset.truth().meta["type_names"]
    assert sum(int(row["edges_in"]) for row in rows) == evaluation.metrics["n_edges"]
    assert all(float(row["tau"]) == pytest.approx(float(row["tau_true"]), rel=1e-3) for row in rows)
    assert files["types.md"].count("\n") == len(rows) + 2
    assert "connectivity_r2.log" not in files


def test_a_rollout_ends_with_its_sequence(eye):
    evaluator, dataset = eye(sequence_duration=0.6)
    evaluation, _ = judge((evaluator, dataset))
    starts = dataset.observations().structure("sequence_start_test").tolist()
    recorded = np.array(dataset.observations().split("test").activity)
    rollouts = evaluation.rollouts["test"]
    assert len(rollouts.recorded) == len(starts) > 1
    for start, piece, predicted in zip(starts, rollouts.recorded, rollouts.predicted, strict=True):
        assert len(piece) == 30
        assert np.array_equal(piece, recorded[start : start + 30])
        assert np.allclose(predicted[0], piece[0])


def test_every_figure_of_a_run_is_drawn(eye):
    evaluator, dataset = eye()
    kept = Snapshots()
    kept.take(0, 640, "W", LawNetwork(dataset.observations(), dataset.truth(), 0.5))
    evaluation, fit = judge((evaluator, dataset), snapshots=tuple(kept.taken))
    always = {
        "activity",
        "hex_activity",
        "film",
        "voltages_by_type",
        "recovery",
        "by_type",
        "messages",
        "rollout_test",
        "loss",
    }
    assert set(evaluator.figures(fit, evaluation)) == {*always, "embedding", "r2_trajectory"}
    assert set(evaluator.sketches(fit, evaluation)) == {"recovery", "functions"}


def with_hidden_edges(dataset):
    """The truth as a network that has the hidden edges after the observed ones."""
    observations, truth = dataset.observations(), dataset.truth()
    shown = truth["observed_edge"]
    hidden = torch.ones(len(truth["W"]), dtype=torch.bool)
    hidden[shown] = False
    order = torch.cat([shown, hidden.nonzero().ravel()])
    parts = {"edge_index": truth["edge_index"][:, order], "input_index": observations.structure("input_index")}
    whole = SimpleNamespace(structure=parts.__getitem__)
    known = {name: truth[name] for name in ("W", "tau", "v_rest", "neuron_type")}
    return LawNetwork(whole, {**known, "observed_edge": order})


def test_a_network_with_inferred_edges_is_scored_on_the_observed_ones_and_on_what_it_inferred(eye):
    evaluator, dataset = eye(edge_removal_ratio=0.2)
    fit = Fit(with_hidden_edges(dataset), None, HISTORY, 1, 0.1)
    metrics = evaluator.score(fit, evaluator.oracle()).metrics
    for name in ("connectivity_R2", "tau_R2", "V_rest_R2", "onestep_R2"):
        assert metrics[name] == pytest.approx(1, abs=1e-6), name
    n_hidden = len(dataset.truth()["W"]) - len(dataset.truth()["observed_edge"])
    assert metrics["inferred_edges"] == n_hidden > 0
    assert metrics["inferred_edge_precision"] == metrics["inferred_edge_recall"] == 1


def test_tau_is_scored_on_the_neurons_that_move_beside_all(eye):
    evaluator, dataset = eye()
    net = LawNetwork(dataset.observations(), dataset.truth())
    resting = torch.zeros(len(net.tau), dtype=torch.bool)
    resting[3] = True
    with torch.no_grad():
        net.tau[3] *= 50
    fit = FlyvisFit(net, None, HISTORY, 1, 0.1, resting=resting)
    evaluation = evaluator.score(fit, evaluator.oracle())
    metrics = evaluation.metrics
    assert metrics["tau_R2"] < 0
    assert metrics["tau_R2_moving"] == pytest.approx(1, abs=1e-6)
    assert metrics["still_neurons"] == 1
    (row,) = csv.DictReader(io.StringIO(evaluator.tables(fit, evaluation)["undetermined.csv"]))
    assert row["neuron"] == "3"
    assert row["not determined"] == "tau and W into it"


def test_standard_errors_become_coverage_and_arrays_by_edge_and_neuron(eye):
    """With a wide spread every interval holds the truth, with a narrow one none of an erring network."""
    evaluator, dataset = eye()
    net = LawNetwork(dataset.observations(), dataset.truth(), 0.3)
    groups = by_in_degree(dataset.observations().structure("edge_index"), len(net.tau))
    for size, share in ((1e4, 1.0), (1e-12, 0.0)):
        wide = [size * torch.eye(g.n_unknowns, dtype=torch.float64).repeat(len(g.targets), 1, 1) for g in groups]
        fit = FlyvisFit(net, None, HISTORY, 1, 0.1, spread=ParameterSpread(groups, wide))
        evaluation = evaluator.score(fit, evaluator.oracle())
        assert evaluation.metrics["connectivity_coverage_90"] == pytest.approx(share, abs=0.05)
        W, v_rest = (evaluation.arrays[f"{name}_standard_error"] for name in ("connectivity", "V_rest"))
        assert W.shape == evaluation.recovered.W.shape
        assert np.isfinite(W).all()
        assert v_rest.shape == evaluation.recovered.v_rest.shape
        assert evaluation.metrics["connectivity_standard_error"] == pytest.approx(np.median(W))
