"""Stores what a simulation predicts."""

from collections.abc import Sequence
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from hydra_llm.data.draft import Draft
from hydra_llm.systems.base import Recording


class DatasetWriter(BasePredictionWriter):
    """Appends the recordings of every batch to a draft. Whoever opened the draft puts it in place."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(write_interval="batch")
        self._draft = draft

    def write_on_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prediction: tuple[Recording, ...],
        batch_indices: Sequence[int] | None,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        for recording in prediction:
            self._draft.write(recording)
        self._draft.complete()
