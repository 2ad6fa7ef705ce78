"""How a fit goes, as lines of the log, where no terminal shows a bar."""

import logging
from typing import Protocol, runtime_checkable

from lightning import LightningModule, Trainer

from hydra_llm.callbacks.stopwatch import Stopwatch

log = logging.getLogger(__name__)


@runtime_checkable
class Tells(Protocol):
    """A LightningModule that knows what an epoch of Lightning is to a reader."""

    def told_after(self, epoch: int) -> str:
        """What is being fitted and how far it is; "" after an epoch that is worth no line."""
        ...


class ProgressLines(Stopwatch):
    """Minutes are those of all fits of the run, of attempts that failed too."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        told = pl_module.told_after(trainer.current_epoch) if isinstance(pl_module, Tells) else ""
        if told and trainer.is_global_zero:
            loss = float(trainer.callback_metrics.get("val_loss", float("nan")))
            log.info("%s: validation loss %.4g, %.1f min so far.", told, loss, self.minutes)
