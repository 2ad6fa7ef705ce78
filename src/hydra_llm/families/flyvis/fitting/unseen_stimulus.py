"""A recording whose stimulus is not shown: in its place stands the time of each frame."""

from dataclasses import replace
from pathlib import Path

import torch

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.training.datamodule import RecordingDataModule, WholeTrajectory

HELD_OUT = 20  # every twentieth frame of the training trajectory validates


class UnseenStimulusDataModule(RecordingDataModule):
    """external [frame, 1] is time in seconds. Validates on frames of the training trajectory that were left out of it:
    a stimulus of another trajectory was never learned.

    target=auto is forward differences: all other methods correct for a stimulus that they know. Raises ValueError for
    another target.
    """

    def __init__(self, dataset: Path, keys: FlyvisTraining) -> None:
        if keys.target == "auto":
            keys = replace(keys, target="finite_difference", difference_order="forward")
        if keys.target != "drift" and (keys.target, keys.difference_order) != ("finite_difference", "forward"):
            raise ValueError(
                "training.target must be drift, auto or forward differences (finite_difference with "
                f"difference_order=forward) with an unseen stimulus, got {keys.target} with "
                f"{keys.difference_order}: other methods need the input. Choose one of these, or show the stimulus."
            )
        super().__init__(dataset, keys)
        recorded = self.estimates.recorded("train")
        every = torch.arange(recorded.n_frames)
        self._times = (every if keys.target == "drift" else recorded.interior(0, 1)) * self.delta_t

    @property
    def duration(self) -> float:
        """Of the training trajectory, in seconds."""
        return float(self._times[-1]) + self.delta_t

    def timed(self) -> Frames:
        """The training frames with their times in place of the input."""
        frames = self.frames("train")
        return Frames(frames.activity, frames.target, self._times.to(frames.activity.dtype)[:, None])

    def split(self) -> tuple[Frames, Frames]:
        """What is trained on, and what validates."""
        frames = self.timed()
        held_out = torch.arange(frames.n_frames) % HELD_OUT == HELD_OUT // 2
        return frames.at(~held_out), frames.at(held_out)

    def train_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(lambda: self.split()[0])

    def val_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(lambda: self.split()[1])
