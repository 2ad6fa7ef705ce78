"""What a fit has to beat on the validation frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hydra_llm.data.windows import Frames
from hydra_llm.schema.training import OpenTraining
from hydra_llm.training.baselines import baseline_losses
from hydra_llm.training.datamodule import RecordingDataModule

RESOLVED = 1e-6  # losses below it are both perfect: which is smaller says nothing
CLEARLY = 0.99  # share of the best baseline's loss below which a fit beats it: an early checkpoint does so by a hair


@dataclass(frozen=True)
class Hurdle:
    """train and validation: what is fitted and where it is judged. baselines: the share of the variance of the
    validation target that each one leaves; empty: any fit will do.
    """

    train: Frames
    validation: Frames
    baselines: Mapping[str, float]

    @classmethod
    def of(cls, data: RecordingDataModule, keys: OpenTraining) -> "Hurdle":
        """The baselines of `training.must_beat` on the present frames of `data`."""
        train, validation = _batch(data.train_dataloader()), _batch(data.val_dataloader())
        return cls(train, validation, baseline_losses(train, validation, keys.must_beat))

    @property
    def limit(self) -> float:
        """A fit that leaves less passes; one that leaves 1 explains nothing, however bad the baselines."""
        return max(RESOLVED, CLEARLY * min([1.0, *self.baselines.values()]))

    def passes(self, loss: float) -> bool:
        return not self.baselines or loss < self.limit

    def words(self) -> str:
        return ", ".join(f"{name} {loss:.4g}" for name, loss in self.baselines.items()) or "no baseline"


def _batch(loader: Any) -> Frames:
    return next(iter(loader))
