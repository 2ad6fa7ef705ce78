"""A fit that is cut off and started again in the same folder ends where it would have ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from lightning import Callback  # noqa: E402
from tests.experiment.conftest import ROOT, TINY, TINY_FLYVIS  # noqa: E402

from hydra_llm.experiment import pipeline  # noqa: E402
from hydra_llm.families import fitting, resume  # noqa: E402
from hydra_llm.families.fitting import FitContext  # noqa: E402
from hydra_llm.families.flyvis.fit import fit as fit_fly  # noqa: E402
from hydra_llm.families.signal.fit import fit  # noqa: E402
from hydra_llm.training.recovery import RecoveryModule  # noqa: E402

ROUNDS = 4


class Preempted(BaseException):
    """As abrupt as a signal: nobody catches it."""


class CutOff(Callback):
    """Ends the process's work in the middle of the fit."""

    def __init__(self, epoch):
        self._epoch = epoch

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == self._epoch:
            raise Preempted


def contexts(tmp_path, **always):
    def make(folder, *callbacks, **own):
        options = {"accelerator": "cpu", "enable_progress_bar": False}
        return FitContext(tmp_path / folder, options, callbacks=callbacks, **always, **own)

    return make


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def fit_in(compose_config, run_tiny, tmp_path):
    run_tiny()
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    cfg = compose_config(*TINY)
    make = contexts(tmp_path)
    return lambda folder, *callbacks, **own: fit(dataset, cfg.model, cfg.training, make(folder, *callbacks, **own))


@pytest.fixture
def rounds_in(compose_config, run_tiny, tiny_connectome, tmp_path):
    """The recipe of the fly: variable projection, the closed form, rounds of filter and regression."""
    overrides = (
        "simulation=flyvis_scenes",
        f"simulation.connectome={tiny_connectome}",
        "training.projection_iterations=3",
        "training.projection_frames=60",
        "training.projection_screening_iterations=1",
        f"training.flow_rounds={ROUNDS}",
    )
    run_tiny(*overrides)
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    cfg = compose_config(*TINY_FLYVIS, *overrides)
    make = contexts(tmp_path, resume_every=0.0)
    return lambda folder, *callbacks: fit_fly(dataset, cfg.model, cfg.training, make(folder, *callbacks))


def same(one, other):
    expected = other.net.state_dict()
    return all(torch.equal(value, expected[name]) for name, value in one.net.state_dict().items())


@pytest.mark.parametrize("epoch", [7, 21])  # in the Adam phase (20 intervals), and between two starts of the projection
@pytest.mark.parametrize("under_a_scheduler", [True, False])
def test_a_fit_that_was_cut_off_goes_on_and_ends_as_if_nothing_had_happened(
    fit_in, monkeypatch, tmp_path, epoch, under_a_scheduler
):
    if under_a_scheduler:
        monkeypatch.setenv("SLURM_JOB_ID", "7")
    own = {} if under_a_scheduler else {"resume_every": 0.0}
    whole = fit_in("whole", **own)
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(epoch), **own)
    assert (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()
    again = fit_in("cut", **own)
    assert again.history["val_loss"] == whole.history["val_loss"]
    assert [shot.interval for shot in again.intervals] == [shot.interval for shot in whole.intervals]
    assert same(again, whole)
    resume.forget_fit(tmp_path / "cut")
    assert sorted(p.name for p in (tmp_path / "cut" / "checkpoints").iterdir()) == ["best.ckpt"]


def test_a_fly_that_is_cut_off_between_two_rounds_goes_on_with_the_next_one(rounds_in, tmp_path):
    """Twice: each start does some rounds and no round twice."""
    whole = rounds_in("whole")
    n_intervals = len(whole.history["val_loss"][0])
    third, last = n_intervals - ROUNDS + 2, n_intervals - 1
    seen: list[int] = []

    class Seen(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            seen.append(trainer.current_epoch)

    for cut in (third, last):
        with pytest.raises(Preempted):
            rounds_in("cut", CutOff(cut), Seen())
    again = rounds_in("cut", Seen())
    assert seen == list(range(n_intervals))
    assert again.history["val_loss"] == whole.history["val_loss"]
    assert again.history["prediction_error"] == whole.history["prediction_error"]
    assert same(again, whole)


FLY = ("simulation=flyvis_scenes", "training.projection_iterations=3", "training.projection_frames=60")
GRADIENT = ("training.projection_iterations=0", "training.max_steps=40")
RECIPES = {
    "signal, projection": (),
    "signal, splines": ("training.spline_knots=12", "training.projection_iterations=0", "training.max_steps=0"),
    "signal, gradient": GRADIENT,
    "fly, closed form": (*FLY, f"training.flow_rounds={ROUNDS}"),
    "fly, gradient": ("simulation=flyvis_scenes", *GRADIENT, "training.closed_form=false"),
    "fly, hidden neurons": (*FLY, "training.flow_rounds=2", "simulation.n_hidden_neurons=3"),
    "metabolism, closed form": ("simulation=metabolism_oscillatory",),
    "metabolism, path under noise": ("simulation=metabolism_oscillatory", "simulation.measurement_noise_level=0.02"),
    "metabolism, gradient": ("simulation=metabolism_oscillatory", *GRADIENT),
    "metabolism, homeostasis": (
        "simulation=metabolism_homeostasis",
        "training.k=frozen",
        "training.homeostasis_max_batches=12",
        "training.homeostasis_time_step=4",
    ),
}


@pytest.fixture
def trained(monkeypatch):
    """The intervals that were trained."""
    steps: list[int] = []
    own = RecoveryModule.training_step

    def training_step(self, batch, batch_idx):
        steps.append(self.current_epoch)
        return own(self, batch, batch_idx)

    monkeypatch.setattr(RecoveryModule, "training_step", training_step)
    return steps


def cut_off_in_evaluation(monkeypatch, run):
    def preempted(scores):
        raise Preempted(scores)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "finite", preempted)
        with pytest.raises(Preempted) as stop:
            run()
    return stop.value.args[0]


def scores_of(metrics):
    """Without the minutes: those of a stored first phase count only where it was fitted."""
    return {name: value for name, value in metrics.items() if name != "training_time_min" and value == value}


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_was_cut_off_in_its_evaluation_trains_no_step_again(
    run_tiny, tiny_connectome, trained, monkeypatch, tmp_path, name
):
    overrides = RECIPES[name]
    if "simulation=flyvis_scenes" in overrides:
        overrides = (*overrides, f"simulation.connectome={tiny_connectome}")
    expected = cut_off_in_evaluation(monkeypatch, lambda: run_tiny(*overrides))
    assert trained
    trained.clear()
    again = run_tiny(*overrides)
    assert not trained
    assert scores_of(again) == scores_of(expected)
    assert sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir()) == ["best.ckpt"]


def test_a_retry_that_was_cut_off_in_its_evaluation_is_not_fitted_again(run_tiny, trained, monkeypatch, tmp_path):
    losses = iter([2.0, 0.5, 2.0, 0.5])
    monkeypatch.setattr("hydra_llm.families.attempts._best_validation_loss", lambda found: next(losses))
    monkeypatch.setattr("hydra_llm.families.kept_back.elsewhere", lambda hurdle: "")
    overrides = ("training.must_beat=[constant]", "training.retries=1", "callbacks.checkpoint=true")
    expected = cut_off_in_evaluation(monkeypatch, lambda: run_tiny(*overrides))
    trained.clear()
    again = run_tiny(*overrides)
    assert not trained
    assert again["fit_retries"] == 1
    assert scores_of(again) == scores_of(expected)
    assert [path.name for path in (tmp_path / "run").glob("*/best.ckpt")] == ["best.ckpt"]
    assert not (tmp_path / "run" / "retry_1").exists()


def test_a_run_that_ended_is_fitted_anew_by_the_same_command(run_tiny, trained):
    run_tiny(*GRADIENT)
    trained.clear()
    run_tiny(*GRADIENT)
    assert trained


def test_a_fit_that_ended_under_another_configuration_is_not_taken_up(run_tiny, trained, monkeypatch):
    cut_off_in_evaluation(monkeypatch, lambda: run_tiny(*GRADIENT))
    trained.clear()
    run_tiny(*GRADIENT, "training.batch_size=4")
    assert trained


def test_a_fit_of_another_configuration_in_the_same_folder_starts_anew_and_says_so(fit_in, tmp_path, caplog):
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(3), resume_every=0.0, identity="one")
    with caplog.at_level("INFO", logger=resume.__name__):
        again = fit_in("cut", resume_every=0.0, identity="other")
    assert any(
        "is of another configuration or version: the fit starts anew" in record.message for record in caplog.records
    )
    assert again.history["val_loss"] == fit_in("whole").history["val_loss"]


def test_states_are_no_closer_in_time_than_asked_for(fit_in, tmp_path):
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(15), resume_every=3600.0)
    assert not (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()


def test_without_a_state_nothing_is_taken_up(fit_in, tmp_path, caplog):
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(3))
    assert not (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()
    with caplog.at_level("INFO", logger=fitting.__name__):
        assert len(fit_in("cut").history["val_loss"][0]) > 20
    assert not [record.message for record in caplog.records if record.name == fitting.__name__]


@pytest.mark.slow
def test_the_same_command_goes_on_after_its_process_was_killed(tmp_path, tiny_connectome):
    fly = (
        "simulation=flyvis_scenes",
        f"simulation.connectome={tiny_connectome}",
        "training.projection_iterations=3",
        "training.projection_frames=60",
        "training.projection_screening_iterations=1",
        "training.flow_rounds=40",  # long enough to be killed in
    )
    options = (*TINY_FLYVIS, *fly, "callbacks.resume_every=0", f"paths.datasets={tmp_path}/datasets")
    command = [sys.executable, "train.py", *options, f"hydra.run.dir={tmp_path}/run"]
    state, printed = tmp_path / "run" / "checkpoints" / "last.ckpt", tmp_path / "printed.txt"
    with printed.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
        wait_for(state, process, printed)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"This run was cut off before: its fit goes on from {state}" in done.stdout + done.stderr
    assert (tmp_path / "run" / "metrics.json").exists()
    assert not state.exists()


def wait_for(state: Path, process: subprocess.Popen, printed: Path) -> None:
    for _ in range(1200):
        if state.exists():
            return
        assert process.poll() is None, printed.read_text()
        time.sleep(0.05)
    pytest.fail(f"No state after a minute: {printed.read_text()}")
