"""Process noise of a simulation, and the law by which it scales with the time step."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.choice import check_choice

SCALINGS = ("per_step", "sqrt_dt")


@dataclass(frozen=True)
class ProcessNoise:
    """Gaussian noise added to the state.

    per_step: standard deviation `level` once per recording step, whatever its length, as the reference projects do.
        Halving delta_t then doubles the variance per unit of time.
    sqrt_dt: standard deviation level * sqrt(dt) at every integration substep (Euler-Maruyama), so that the variance per
        unit of time is level^2 at any delta_t and any number of substeps.
    """

    level: float
    scaling: str

    def __post_init__(self) -> None:
        if not self.level >= 0:
            raise ValueError(f"noise_model_level must be at least 0, got {self.level}.")
        check_choice("noise_scaling", self.scaling, SCALINGS)

    def draws_per_frame(self, substeps: int) -> int:
        """How often noise is added between two recorded frames."""
        if self.level == 0:
            return 0
        return substeps if self.scaling == "sqrt_dt" else 1

    def standard_deviation(self, delta_t: float, substeps: int) -> float:
        """Of one such addition."""
        return self.level * (delta_t / substeps) ** 0.5 if self.scaling == "sqrt_dt" else self.level


class NormalFrames:
    """Standard normal frames from one stream, in float64.

    torch draws other numbers for a request of another size; drawing in blocks of fixed size makes frame k the same
    however many frames are taken at a time.
    """

    def __init__(self, generator: Generator, shape: tuple[int, ...], block: int = 256) -> None:
        """block: frames drawn at once; part of what the numbers are."""
        self._generator = generator
        self._shape = shape
        self._block = block
        self._left = torch.empty((0, *shape), dtype=torch.float64)

    def take(self, n_frames: int) -> Tensor:
        """The next n_frames of the stream [frame, *shape]."""
        parts = [self._left]
        missing = n_frames - len(self._left)
        while missing > 0:
            parts.append(torch.randn((self._block, *self._shape), generator=self._generator, dtype=torch.float64))
            missing -= self._block
        frames = torch.cat(parts)
        self._left = frames[n_frames:].clone()
        return frames[:n_frames]
