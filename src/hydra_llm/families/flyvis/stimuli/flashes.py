"""Flashes: bright and dark fields and discs on grey, one after the other."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.stimuli.draws import coin, uniform
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@dataclass(frozen=True)
class Flashes:
    """Durations in seconds, radii in columns. Half of the flashes cover the whole eye, the others a disc."""

    duration: tuple[float, float] = (0.05, 0.5)
    pause: tuple[float, float] = (0.1, 0.6)
    radius: tuple[float, float] = (1.0, 4.0)
    background: float = 0.5

    def draw(self, lattice: HexLattice, n_frames: int, delta_t: float, generator: Generator) -> Tensor:
        x, y = (torch.from_numpy(lattice.xy[:, k]) for k in range(2))  # [column]
        shown = torch.full((n_frames, lattice.n_columns), self.background, dtype=torch.float64)
        frame = 0
        while frame < n_frames:
            frame += max(1, round(float(uniform(generator, *self.pause)) / delta_t))
            length = max(1, round(float(uniform(generator, *self.duration)) / delta_t))
            level, radius = uniform(generator, 0, 1), uniform(generator, *self.radius)
            centre = uniform(generator, -lattice.extent, lattice.extent, 2)
            cover = (radius - torch.hypot(x - centre[0], y - centre[1]) + 0.5).clamp(0, 1)
            if coin(generator):
                cover = torch.ones_like(cover)
            shown[frame : frame + length] += cover * (level - self.background)
            frame += length
        return shown
