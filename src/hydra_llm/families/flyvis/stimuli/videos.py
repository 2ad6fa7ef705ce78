"""Filmed sequences: every video, seen through the box eye, in the symmetries of the lattice.

Videos are split among train, validation and test, so that no frame of one is seen in another. A split shows all its
clips (video, window, reflection, rotation) in random order, again from the start with another order when they are used
up. Time is real: the film is resampled from its own frame rate to delta_t.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.eye import BoxEye
from hydra_llm.families.flyvis.stimuli.frames import listing_hash, read_frames
from hydra_llm.families.flyvis.stimuli.shares import share
from hydra_llm.systems.random_streams import stream

CENTRE = 0.7  # share of the width over which several windows are spread, as in flyvis


@dataclass(frozen=True)
class Video:
    """The frames of one film, in order."""

    name: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Clip:
    """One way to show a video."""

    video: Video
    window: int
    flip: int
    turns: int


@dataclass(frozen=True)
class Videos:
    """Videos as a Stimulus. fps: frames per second of the film; flips, rotations: see HexLattice.symmetry."""

    root: Path
    videos: tuple[Video, ...]
    eye: BoxEye
    delta_t: float
    fps: float
    windows: int
    flips: tuple[int, ...]
    rotations: tuple[int, ...]
    seed: int
    _rendered: dict[tuple[str, int], Tensor] = field(default_factory=dict, repr=False, compare=False)
    _orders: dict[tuple[str, int], list[Clip]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.fps > 0:
            raise StimulusError(f"video_fps must be above 0, got {self.fps}; DAVIS has 24.")
        if self.windows < 1:
            raise StimulusError(f"vertical_splits must be at least 1, got {self.windows}.")
        if not self.flips or not self.rotations:
            raise StimulusError(
                f"flip_axes and n_rotations must hold at least one value each, got {list(self.flips)} and "
                f"{list(self.rotations)}; [0] leaves a video unchanged."
            )
        shortest = min(self.videos, key=lambda video: len(video.paths))
        if self._n_frames(shortest) < 2:
            raise StimulusError(
                f"A video must last at least two steps of delta_t={self.delta_t} s, but {shortest.name} has "
                f"{len(shortest.paths)} frames at {self.fps:g} per second. Remove it, or choose a smaller delta_t."
            )

    @property
    def keys(self) -> Mapping[str, Any]:
        return {"videos": listing_hash(self.root, [path for video in self.videos for path in video.paths])}

    def lengths(self, split: str, n_frames: int) -> tuple[int, ...]:
        """Whole clips; the last one is cut, and the one before it too where a single frame would be left over."""
        lengths: list[int] = []
        left = n_frames
        while left > 0:
            shown = min(left, self._n_frames(self._clip(split, len(lengths)).video))
            lengths.append(shown - 1 if left - shown == 1 and shown > 2 else shown)
            left -= lengths[-1]
        return tuple(lengths)

    def luminance(self, split: str, number: int, n_frames: int) -> Tensor:
        clip = self._clip(split, number)
        shown = self._seen(clip.video, clip.window)[:n_frames]
        return shown[:, torch.from_numpy(self.eye.lattice.symmetry(clip.turns, clip.flip))]

    def prepare(self, split: str, n_sequences: int) -> None:
        """Read and render what those sequences show, so that a damaged file is found before anything is simulated."""
        for clip in {self._clip(split, number) for number in range(n_sequences)}:
            self._seen(clip.video, clip.window)

    def _clip(self, split: str, number: int) -> Clip:
        lap, place = divmod(number, self._n_clips(split))
        if (split, lap) not in self._orders:
            ways = list(product(range(self.windows), self.flips, self.rotations))
            clips = [Clip(video, *way) for video in share(self.videos, split, "videos") for way in ways]
            order = torch.randperm(len(clips), generator=stream(self.seed, f"external_input/{split}/{lap}"))
            self._orders[split, lap] = [clips[k] for k in order.tolist()]
        return self._orders[split, lap][place]

    def _n_clips(self, split: str) -> int:
        return len(share(self.videos, split, "videos")) * self.windows * len(self.flips) * len(self.rotations)

    def _n_frames(self, video: Video) -> int:
        """Frames of delta_t from the first to the last frame of the film."""
        return int((len(video.paths) - 1) / self.fps / self.delta_t + 1e-9) + 1

    def _seen(self, video: Video, window: int) -> Tensor:
        """A window of a video through the eye [frame, column], rendered once."""
        if (video.name, window) not in self._rendered:
            frames = self.eye.enlarge(read_frames(video.paths))
            for k, cut in enumerate(self._windows(frames)):
                film = self.eye.render(cut)
                self._rendered[video.name, k] = resample(film, self.fps * self.delta_t, self._n_frames(video))
        return self._rendered[video.name, window]

    def _windows(self, frames: Tensor) -> list[Tensor]:
        """The centre of the frames, or several windows side by side, overlapping where they have to."""
        width = frames.shape[2]
        wanted = min(width, self.eye.least_frame[1] + 2 * self.eye.pixels)
        room = max(0, int(CENTRE * width) - wanted) if self.windows > 1 else 0
        first = (width - wanted - room) // 2
        step = room / max(1, self.windows - 1)
        starts = [first + round(k * step) for k in range(self.windows)]
        return [frames[:, :, start : start + wanted] for start in starts]


def resample(film: Tensor, step: float, n_frames: int) -> Tensor:
    """Linear interpolation of film [film frame, ...] at n_frames times that lie `step` film frames apart."""
    place = (torch.arange(n_frames, dtype=torch.float64) * step).clamp(max=len(film) - 1)
    before = place.floor().long()
    after = (before + 1).clamp(max=len(film) - 1)
    weight = (place - before).to(film.dtype).reshape(-1, *[1] * (film.ndim - 1))
    return torch.lerp(film[before], film[after], weight)
