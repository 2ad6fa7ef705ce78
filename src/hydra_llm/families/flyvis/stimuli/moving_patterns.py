"""Moving gratings and edges, the classical stimuli of motion vision: visual_input_type optical_flow."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.stimuli.draws import coin, direction, log_uniform, uniform
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@dataclass(frozen=True)
class MovingPatterns:
    """A sequence is a row of presentations, each a drifting sine grating or an ON or OFF edge of random heading.

    Gratings are seen through the aperture of a column: contrast falls by sinc(1 / wavelength). Edges rise over the
    width of one column.
    """

    presentation: float = 1.0  # s
    wavelength: tuple[float, float] = (3.0, 15.0)  # columns
    temporal_frequency: tuple[float, float] = (0.5, 8.0)  # Hz
    edge_speed: tuple[float, float] = (3.0, 30.0)  # columns / s
    contrast: tuple[float, float] = (0.3, 1.0)

    def draw(self, lattice: HexLattice, n_frames: int, delta_t: float, generator: Generator) -> Tensor:
        x, y = (torch.from_numpy(lattice.xy[:, k]) for k in range(2))  # [column]
        length = max(1, round(self.presentation / delta_t))
        shown = []
        for first in range(0, n_frames, length):
            t = torch.arange(min(length, n_frames - first), dtype=torch.float64)[:, None] * delta_t
            cos, sin = direction(generator)
            along = cos * x + sin * y  # [column], the coordinate in the direction of motion
            contrast = uniform(generator, *self.contrast)
            if coin(generator):
                shown.append(self._grating(along, t, contrast, generator))
            else:
                shown.append(self._edge(along, t, contrast, lattice.extent, generator))
        return torch.cat(shown)

    def _grating(self, along: Tensor, t: Tensor, contrast: Tensor, generator: Generator) -> Tensor:
        wavelength = log_uniform(generator, *self.wavelength)
        frequency = log_uniform(generator, *self.temporal_frequency)
        phase = uniform(generator, 0, 2 * math.pi)
        wave = torch.cos(2 * math.pi * (along / wavelength - frequency * t) + phase)
        return 0.5 + 0.5 * contrast * torch.sinc(1 / wavelength) * wave

    def _edge(self, along: Tensor, t: Tensor, contrast: Tensor, extent: int, generator: Generator) -> Tensor:
        speed = log_uniform(generator, *self.edge_speed)
        passed = (speed * t - extent - along + 0.5).clamp(0, 1)  # enters at the border of the eye
        step = contrast * (passed - 0.5)
        return 0.5 + (step if coin(generator) else -step)
