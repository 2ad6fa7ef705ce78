"""Tells the sweep how a fit goes, and ends the fit when the sweep says so."""

from typing import Literal

from lightning import Callback, LightningModule, Trainer

from hydra_llm import job
from hydra_llm.choice import check_choice


class ReportProgress(Callback):
    """After every validation, report a logged metric; stop the trainer when it is not worth going on.

    `step` counts what the sweep compares at: finished epochs, or optimiser steps. Outside a sweep nothing happens. On
    several devices the first rank reports and asks, and all stop together.
    """

    def __init__(self, metric: str = "val_loss", step: Literal["epoch", "global_step"] = "epoch") -> None:
        check_choice("step", step, ("epoch", "global_step"))
        self._metric = metric
        self._step = step

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or not job.is_connected():
            return
        if self._metric not in trainer.callback_metrics:
            logged = ", ".join(sorted(trainer.callback_metrics)) or "nothing"
            raise ValueError(f"The metric {self._metric} was not logged in validation. Logged: {logged}.")
        stop = False
        if trainer.is_global_zero:
            step = trainer.current_epoch if self._step == "epoch" else trainer.global_step
            job.report(step, float(trainer.callback_metrics[self._metric]))
            stop = job.should_stop()
        trainer.should_stop = trainer.should_stop or trainer.strategy.reduce_boolean_decision(stop, all=False)
