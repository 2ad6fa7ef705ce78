"""The recording as Lightning's data: all frames in memory, observations only.

One batch of the loaders is the whole training (or validation) trajectory; phases of a fit draw their minibatches from
it on the device. Per-step loading would cost more than the step.
"""

from collections.abc import Iterator
from pathlib import Path

from lightning import LightningDataModule

from hydra_llm.choice import check_choice
from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames, frames_of
from hydra_llm.systems.differences import TARGETS

VALIDATION_FRAMES = 500  # evenly spaced; a fit is validated some thirty times, and neighbouring frames say the same


class WholeTrajectory:
    """A loader of one batch: all frames. A class of its own, because Lightning looks for loaders inside any list."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Frames]:
        yield self._frames

    def __len__(self) -> int:
        return 1


class RecordingDataModule(LightningDataModule):
    """Opens <dataset>/observations and nothing else.

    target: drift | finite_difference; difference_order: forward | central.
    """

    def __init__(self, dataset: Path, *, target: str, difference_order: str) -> None:
        super().__init__()
        check_choice("target", target, TARGETS)
        self._observations = Observations.open(dataset)
        self._target, self._difference_order = target, difference_order
        self._frames: dict[str, Frames] = {}

    @property
    def delta_t(self) -> float:
        return float(self._observations.meta["delta_t"])

    def frames(self, split: str) -> Frames:
        """Frames of train, validation or test with the chosen target, read once."""
        if split not in self._frames:
            recorded = self._observations.split(split)
            starts = f"sequence_start_{split}"
            known = starts in self._observations.meta["structure"]
            self._frames[split] = frames_of(
                recorded,
                self._target,
                self._difference_order,
                self.delta_t,
                self._observations.structure(starts) if known else None,
            )
        return self._frames[split]

    def train_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(self.frames("train"))

    def val_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(self.frames("validation").spread(VALIDATION_FRAMES))
