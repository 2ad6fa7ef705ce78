"""A fit that is cut off and started again by a scheduler ends where it would have ended."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from lightning import Callback  # noqa: E402
from tests.experiment.conftest import TINY  # noqa: E402

from hydra_llm.families import fitting  # noqa: E402
from hydra_llm.families.fitting import FitContext  # noqa: E402
from hydra_llm.families.signal.fit import fit  # noqa: E402


class Preempted(BaseException):
    """As abrupt as a signal: nobody catches it."""


class CutOff(Callback):
    """Ends the process's work in the middle of the fit."""

    def __init__(self, epoch):
        self._epoch = epoch

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == self._epoch:
            raise Preempted


@pytest.fixture
def fit_in(compose_config, run_tiny, tmp_path):
    run_tiny()
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    cfg = compose_config(*TINY)

    def make(folder, *callbacks):
        context = FitContext(
            tmp_path / folder, {"accelerator": "cpu", "enable_progress_bar": False}, callbacks=callbacks
        )
        return fit(dataset, cfg.model, cfg.training, context)

    return make


@pytest.mark.parametrize("epoch", [7, 21])  # in the Adam phase (20 intervals), and between two starts of the projection
def test_a_requeued_fit_goes_on_and_ends_as_if_nothing_had_happened(fit_in, monkeypatch, tmp_path, epoch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    whole = fit_in("whole")
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(epoch))
    assert (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    again = fit_in("cut")
    assert again.history["val_loss"] == whole.history["val_loss"]
    expected = whole.net.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in again.net.state_dict().items())
    assert not (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()


def test_without_a_scheduler_no_second_checkpoint_is_kept_and_an_old_one_is_not_taken_up(fit_in, monkeypatch, tmp_path):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(3))
    assert not (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()


def test_the_first_start_of_a_job_takes_nothing_up(fit_in, monkeypatch, caplog):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with pytest.raises(Preempted):
        fit_in("cut", CutOff(3))
    with caplog.at_level("INFO", logger=fitting.__name__):
        again = fit_in("cut")
    assert not [record.message for record in caplog.records if record.name == fitting.__name__]
    assert len(again.history["val_loss"][0]) > 20
