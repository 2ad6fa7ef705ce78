"""A recording whose stimulus is not shown: in its place stands the time of each frame."""

from pathlib import Path

import torch

from hydra_llm.data.datamodule import RecordingDataModule, WholeTrajectory
from hydra_llm.data.windows import Frames

HELD_OUT = 20  # every twentieth frame of the training trajectory validates


class UnseenStimulusDataModule(RecordingDataModule):
    """external [frame, 1] is time in seconds. Validates on frames of the training trajectory that were left out of it:
    a stimulus of another trajectory was never learned.
    """

    def __init__(self, dataset: Path, *, target: str, difference_order: str) -> None:
        if target != "drift":
            raise ValueError(
                f"training.target must be drift with an unseen stimulus, got {target}: differences leave out frames, "
                "and with them their times. Choose training.target=drift, or show the stimulus."
            )
        super().__init__(dataset, target=target, difference_order=difference_order)

    @property
    def duration(self) -> float:
        """Of the training trajectory, in seconds."""
        return self.frames("train").n_frames * self.delta_t

    def timed(self) -> Frames:
        """The training frames with their times in place of the input."""
        frames = self.frames("train")
        time = torch.arange(frames.n_frames, dtype=frames.activity.dtype) * self.delta_t
        return Frames(frames.activity, frames.target, time[:, None])

    def split(self) -> tuple[Frames, Frames]:
        """What is trained on, and what validates."""
        frames = self.timed()
        held_out = torch.arange(frames.n_frames) % HELD_OUT == HELD_OUT // 2
        return frames.at(~held_out), frames.at(held_out)

    def train_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(self.split()[0])

    def val_dataloader(self) -> WholeTrajectory:
        return WholeTrajectory(self.split()[1])
