"""Runs that must fail: the sentence says what was seen, and there is no score."""

import logging
from pathlib import Path

import pytest

from programs import PYTHON, events, finish

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.errors import FitFailed

JUDGED = "training.must_beat=[constant,persistence,linear]"
RESTING = (
    "simulation.connectivity_type='null'",
    "simulation.n_neuron_types=1",
    "simulation.neuron_types=[[1,1,1,0,1,0]]",
    "simulation.start_frame=-6000",
)
IDLE = (
    *("training.spline_knots=0", "training.projection_iterations=0"),
    *("training.learning_rate_start=0", "training.learning_rate_W_start=0"),
)


def test_a_recording_of_a_fixed_point_is_refused_before_the_fit(run_tiny, tmp_path):
    with pytest.raises(FitFailed, match=r"None of the 20 recorded units moves beyond rounding over 1,000 frames"):
        run_tiny(JUDGED, *RESTING)
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_fit_without_a_useful_step_fails_and_leaves_no_score(run_tiny, tmp_path, caplog):
    with pytest.raises(FitFailed, match=r"must beat constant, persistence, linear.*2 attempts.*20 of 20 directions"):
        run_tiny(JUDGED, *IDLE, "training.retries=1")
    assert "Attempt 1 of 2 failed" in caplog.text
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_fit_that_learns_says_what_it_beat(run_tiny):
    metrics = run_tiny(JUDGED, "simulation=metabolism_small")
    assert metrics["best_val_loss"] < min(metrics[f"baseline_{name}_loss"] for name in ("constant", "linear"))
    assert (metrics["fit_retries"], metrics["fit_doubtful"]) == (0, 0)


def test_a_fit_of_the_wrong_law_says_at_its_end_that_it_is_doubtful(run_tiny, caplog):
    """One function for neurons of two kinds."""
    kinds = ("simulation.n_neuron_types=2", "simulation.neuron_types=[[1,1,7,0,1,0],[0.5,2,7,0,1,0]]")
    metrics = run_tiny(*kinds)
    assert metrics["fit_doubtful"] == 1
    warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings[-1].startswith("The fit is doubtful: it leaves")


@pytest.mark.slow
def test_a_sweep_sees_a_failed_fit_as_a_failed_trial_with_its_sentence(tmp_path):
    small = ("simulation.n_neurons=20", "simulation.n_frames=1000", "training.max_steps=20", "training.retries=0")
    sweep = (
        *("-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={tmp_path}/sweep", f"paths.datasets={tmp_path}/datasets"),
        *("hydra.sweeper.n_trials=1", "hydra.sweeper.proposer=rules", "hydra.sweeper.confirm.n_seeds=0"),
        *("search.trial_overrides=[]", "logger=none", "callbacks.figures=false"),
    )
    script = Path(__file__).parents[2] / "train.py"
    finish([PYTHON, str(script), *sweep, *small, *IDLE], tmp_path, expect=1)
    (told,) = events(tmp_path / "sweep", "told")
    assert told["state"] == "FAILED"
    assert told["value"] is None
    assert "The fit failed: it must beat constant, persistence, linear" in str(told)
