"""The oracle that filters: a ceiling where regressions on differences are none."""

import pytest
from omegaconf import OmegaConf

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.results import read_result, write_result  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator  # noqa: E402
from hydra_llm.families.flyvis.oracle import by_prediction  # noqa: E402
from hydra_llm.training.simulation import simulate  # noqa: E402

TRAINING = {"target": "auto", "difference_order": "auto", "seed": 0, "rollout_frames": 40}


@pytest.fixture
def oracle(make_flyvis_system, tmp_path):
    """oracle(**keys) -> report on a recording of the tiny connectome, 20 ms a frame."""

    def make(training=None, **keys):
        keys = {"parameters": "varied", "noise_model_level": 0.3, "n_frames": 1500, "dtype": "float64", **keys}
        system = make_flyvis_system(n_frames_validation=200, n_frames_test=120, **keys)
        dataset = simulate(
            system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], oracle=True, enable_progress_bar=False
        )
        return FlyvisEvaluator(dataset, OmegaConf.create({**TRAINING, **(training or {})})).oracle()

    return make


NOISY = {"measurement_noise_level": 0.3, "measurement_noise_unit": "absolute"}


def test_under_measurement_noise_the_one_that_filters_is_the_ceiling(oracle):
    report = oracle(**NOISY)
    scores = report.scores
    assert report.found.preferred == "flow"
    assert scores["oracle_tau_R2"] == scores["oracle_flow_tau_R2"]
    for name in ("evidence", "ridge", "tied"):
        assert scores["oracle_connectivity_R2"] > scores[f"oracle_{name}_connectivity_R2"]
    assert "filters the recording predicts best" in report.sentence


def test_the_oracle_derivative_needs_no_filter(oracle):
    report = oracle({"target": "drift"})
    assert report.found.flow is None
    assert not any("oracle_flow" in name for name in report.scores)


def test_differences_that_the_user_asks_for_need_none_either(oracle):
    assert oracle({"target": "finite_difference", "difference_order": "forward"}).found.flow is None


def test_a_recording_too_large_for_it_has_the_others(oracle, monkeypatch):
    monkeypatch.setattr(by_prediction, "EDGE_FRAMES", 1000)
    report = oracle(**NOISY)
    assert report.found.preferred in ("ridge", "evidence", "tied")
    assert "biases the fit" in report.sentence


def test_a_report_that_was_stored_is_the_same_report(oracle, tmp_path):
    report = oracle(**NOISY)
    write_result(tmp_path / "report.npz", report)
    again = read_result(tmp_path / "report.npz")
    assert again.scores == report.scores
    assert torch.equal(again.found.flow.W, report.found.flow.W)
