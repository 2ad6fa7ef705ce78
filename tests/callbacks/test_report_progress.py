"""The Lightning callback: reports what was logged, stops the trainer when told, does nothing outside a sweep."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")
lightning = pytest.importorskip("lightning", reason="the science extra is not installed")

from hydra_llm import job  # noqa: E402
from hydra_llm.atomic_write import write_json  # noqa: E402
from hydra_llm.callbacks.report_progress import ReportProgress  # noqa: E402


class Line(lightning.LightningModule):
    """One weight on its way to 1; the validation loss falls from epoch to epoch."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        return ((self.weight - 1.0) ** 2).sum()

    def validation_step(self, batch, index):
        self.log("val_loss", ((self.weight - 1.0) ** 2).sum(), batch_size=1)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(callback, max_epochs=5, **more):
    data = torch.utils.data.DataLoader(torch.zeros(4, 1), batch_size=2)
    trainer = lightning.Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=False,
        callbacks=[callback],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **more,
    )
    trainer.fit(Line(), data, data)
    return trainer


def test_outside_a_sweep_the_fit_runs_as_without_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fit(ReportProgress("anything")).current_epoch == 5
    assert not list(tmp_path.rglob(job.REPORTS_NAME))


def test_each_validation_but_the_sanity_check_is_reported_by_epoch(job_folder):
    fit(ReportProgress("val_loss"), num_sanity_val_steps=2)
    reports = job.read_reports(job_folder)
    assert [report.step for report in reports] == [0, 1, 2, 3, 4]
    losses = [report.value for report in reports]
    assert losses == sorted(losses, reverse=True)


def test_steps_of_the_optimiser_can_be_counted_instead(job_folder):
    fit(ReportProgress("val_loss", step="global_step"))
    assert [report.step for report in job.read_reports(job_folder)] == [2, 4, 6, 8, 10]


def test_the_fit_ends_at_the_first_validation_below_the_limit(job_folder):
    row = {"step": 2, "score": -1e-6, "what": "the median is 1e-06"}
    write_json(job_folder.parent / job.LIMITS_NAME, {"rule": "median", "direction": "minimize", "rows": [row]})
    trainer = fit(ReportProgress("val_loss"))
    assert trainer.current_epoch == 3  # epochs 0, 1, 2
    assert "the median is 1e-06" in (job.read_stop(job_folder) or {})["reason"]


def test_a_metric_that_was_not_logged_is_named_with_those_that_were(job_folder):
    with pytest.raises(ValueError, match=r"The metric val_acc was not logged in validation. Logged: val_loss"):
        fit(ReportProgress("val_acc"))


def test_an_unknown_kind_of_step_is_a_sentence():
    with pytest.raises(ValueError, match="step must be one of epoch, global_step, got 'batch'"):
        ReportProgress("val_loss", step="batch")  # type: ignore[arg-type]
