"""Noise: every column flickers on its own, uniformly in [0, 1]."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@dataclass(frozen=True)
class Flicker:
    """Each value is held for `hold` seconds, at least one frame, so that the power does not depend on delta_t."""

    hold: float = 0.04  # s

    def draw(self, lattice: HexLattice, n_frames: int, delta_t: float, generator: Generator) -> Tensor:
        values = -int(-n_frames * delta_t // self.hold) + 1
        drawn = torch.rand((values, lattice.n_columns), generator=generator, dtype=torch.float64)
        value_of = (torch.arange(n_frames, dtype=torch.float64) * delta_t / max(self.hold, delta_t) + 1e-9).long()
        return drawn[value_of]
