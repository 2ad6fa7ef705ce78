"""Photographs as video: the eye wanders and turns over each of them.

Photographs are split among train, validation and test. A sequence shows one of its split; the path is a fresh draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.draws import smooth_walk, uniform
from hydra_llm.families.flyvis.stimuli.eye import BoxEye
from hydra_llm.families.flyvis.stimuli.frames import image_files, listing_hash, read_frame
from hydra_llm.families.flyvis.stimuli.generated import equal_lengths
from hydra_llm.families.flyvis.stimuli.shares import share
from hydra_llm.systems.random_streams import stream

LARGEST = 1024  # pixels a side; larger photographs are shrunk
SPEED = 12.0  # columns / s
TURN = 1.0  # rad / s
MEMORY = 0.4  # s, of the velocities


@dataclass(frozen=True)
class Photographs:
    """A folder of images as a Stimulus. Lengths in columns are eye.pixels long on the photograph."""

    root: Path
    paths: tuple[Path, ...]
    eye: BoxEye
    delta_t: float
    duration: float
    seed: int
    _maps: dict[Path, Tensor] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def in_folder(cls, root: Path, eye: BoxEye, delta_t: float, duration: float, seed: int) -> "Photographs":
        paths = tuple(image_files(root))
        if not paths:
            raise StimulusError(
                f"{root} holds neither images nor folders of video frames. Give simulation.stimulus_folder a folder of "
                "photographs, or one with a subfolder of images per video."
            )
        return cls(root, paths, eye, delta_t, duration, seed)

    @property
    def keys(self) -> Mapping[str, Any]:
        return {"photographs": listing_hash(self.root, self.paths)}

    def lengths(self, split: str, n_frames: int) -> tuple[int, ...]:
        share(self.paths, split, "photographs")
        return equal_lengths(n_frames, self.duration, self.delta_t)

    def prepare(self, split: str, n_sequences: int) -> None:
        for path in share(self.paths, split, "photographs")[:n_sequences]:
            self._map(path)

    def luminance(self, split: str, number: int, n_frames: int) -> Tensor:
        own = share(self.paths, split, "photographs")
        seen = self._map(own[number % len(own)])  # [height, width], every pixel a mean over the aperture of a column
        generator = stream(self.seed, f"external_input/{split}/{number}")
        room = torch.tensor(seen.shape, dtype=torch.float64).flip(0) - 1 - 2 * self._reach  # (x, y)
        pace = uniform(generator, 0.05, 1.0)
        start, heading = room * uniform(generator, 0, 1, 2), uniform(generator, 0, 2 * torch.pi)
        walk = smooth_walk(generator, n_frames, 3, self.delta_t, MEMORY)
        place = start + pace * SPEED * self.eye.pixels * walk[:, :2]
        place = room - (place % (2 * room) - room).abs() + self._reach  # turned back at the border
        angle = heading + pace * TURN * walk[:, 2:]
        x, y = torch.from_numpy(self.eye.lattice.xy).unbind(1)
        x, y = (
            self.eye.pixels * (angle.cos() * x - angle.sin() * y) + place[:, :1],
            self.eye.pixels * (angle.sin() * x + angle.cos() * y) + place[:, 1:],
        )
        height, width = seen.shape
        grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
        sampled = functional.grid_sample(seen[None, None], grid[None].to(seen.dtype), align_corners=True)
        return sampled[0, 0].clamp(0, 1)

    @property
    def _reach(self) -> int:
        """Pixels from the centre of the eye to beyond its last column."""
        return self.eye.pixels * (self.eye.lattice.extent + 1)

    def _map(self, path: Path) -> Tensor:
        """A photograph through the aperture of one column, centred on every pixel [height, width]."""
        if path not in self._maps:
            image = read_frame(path, LARGEST)
            short = min(image.shape)
            least = 2 * self._reach + 2 * self.eye.pixels
            if short < least:
                factor = least / short
                image = functional.interpolate(image[None, None], scale_factor=factor, mode="bilinear")[0, 0]
            height, width = image.shape
            rows, pixels = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
            self._maps[path] = self.eye.means(image[None], rows.flatten(), pixels.flatten()).reshape(height, width)
        return self._maps[path]
