"""Writes the state of a fit after an interval, so that a run which is cut off can go on."""

import time
from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from hydra_llm.callbacks.interval_snapshots import IntervalSnapshots

SHARE = 0.05  # of the time at most, where a state is large and the disk slow


class ResumePoint(Checkpoint):
    """seconds: least time from one state to the next; 0 writes after every interval.

    Checkpoints run after all other callbacks, so that the state holds what these did in the interval. snapshots: go
    into this state and into no other checkpoint, which they would make large.
    """

    def __init__(self, path: Path, seconds: float, snapshots: IntervalSnapshots) -> None:
        self._path, self._seconds, self._snapshots = path, seconds, snapshots
        self._next = time.monotonic() + seconds

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        began = time.monotonic()
        if began < self._next or trainer.current_epoch + 1 == trainer.max_epochs:
            return
        with self._snapshots.in_checkpoints():
            trainer.save_checkpoint(self._path)
        took = time.monotonic() - began
        self._next = began + max(self._seconds, took / SHARE if self._seconds else 0.0)
