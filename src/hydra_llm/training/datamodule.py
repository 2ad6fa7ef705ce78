"""The recording as Lightning's data: all frames in memory.

One batch of the loaders is the whole training (or validation) trajectory; phases of a fit draw their minibatches from
it on the device. Per-step loading would cost more than the step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning import LightningDataModule

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.method import Field, Method
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.schema.target import TargetKeys

VALIDATION_FRAMES = 500  # evenly spaced; a fit is validated some thirty times, and neighbouring frames say the same


class WholeTrajectory:
    """A loader of one batch: all frames. A class of its own, because Lightning looks for loaders inside any list.

    frames() is asked at every epoch: a refinement changes the answer.
    """

    def __init__(self, frames: Callable[[], Frames]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Frames]:
        yield self._frames()

    def __len__(self) -> int:
        return 1


class RecordingDataModule(LightningDataModule):
    """Opens <dataset>/observations, under target=drift <dataset>/oracle too, and nothing else.

    keys: target and difference_order of conf/training. filters: the flow of this family is fitted through a filter, to
    which measurement noise does no harm.
    """

    def __init__(self, dataset: Path, keys: TargetKeys, *, filters: bool = False) -> None:
        super().__init__()
        self.estimates = Estimates(dataset, keys, filters=filters)
        self._frames: dict[str, Frames] = {}

    @property
    def delta_t(self) -> float:
        return self.estimates.delta_t

    @property
    def n_refinements(self) -> int:
        """How often it pays to estimate the targets again with a fitted network."""
        return self.estimates.n_refinements

    def frames(self, split: str) -> Frames:
        """Frames of train, validation or test with their targets, as estimated last."""
        if split not in self._frames:
            self._frames[split] = self.estimates.frames(split)
        return self._frames[split]

    @torch.no_grad()
    def refine(self, field: Field) -> None:
        """Estimate the targets of training and validation again, given the present network. Depends on nothing else."""
        for split in ("train", "validation"):
            self._frames[split] = self.estimates.frames(split, field)

    @property
    def method(self) -> Method | None:
        """How the targets are estimated; None: they are the oracle derivative."""
        return None if self.estimates.choice is None else self.estimates.choice.method

    def recorded(self, split: str) -> Recorded:
        """The trajectory that the frames come from."""
        return self.estimates.recorded(split)

    def put(self, split: str, frames: Frames) -> None:
        """Frames that a phase has found itself, in place of the estimated ones."""
        self._frames[split] = frames

    @contextmanager
    def kept_back(self, share: float) -> Iterator[None]:
        """Meanwhile the last `share` of the training frames validates, and the others are trained on."""
        frames, self._frames = self._frames, {}
        try:
            with self.estimates.kept_back(share):
                yield
        finally:
            self._frames = frames

    def forget(self) -> None:
        """Go back to the targets before any network, for another attempt at the fit."""
        self._frames.clear()

    def train_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(lambda: self.frames("train"))

    def val_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(lambda: self.frames("validation").spread(VALIDATION_FRAMES))
