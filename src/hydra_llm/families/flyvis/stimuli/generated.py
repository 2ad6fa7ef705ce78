"""Sequences that are computed, not filmed: every one a fresh draw of equal length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice
from hydra_llm.systems.random_streams import stream


class Pattern(Protocol):
    """Draws one sequence [frame, column] in [0, 1]. Its speeds and rates are per second, delta_t is in seconds."""

    def draw(self, lattice: HexLattice, n_frames: int, delta_t: float, generator: Generator) -> Tensor: ...


@dataclass(frozen=True)
class Generated:
    """A Pattern as a Stimulus: sequences of about `duration` seconds, numbers in the stream external_input."""

    pattern: Pattern
    lattice: HexLattice
    delta_t: float
    duration: float
    seed: int

    @property
    def keys(self) -> Mapping[str, Any]:
        return {}

    def lengths(self, split: str, n_frames: int) -> tuple[int, ...]:
        return equal_lengths(n_frames, self.duration, self.delta_t)

    def prepare(self, split: str, n_sequences: int) -> None:
        """Nothing: sequences are drawn when they are shown."""

    def luminance(self, split: str, number: int, n_frames: int) -> Tensor:
        generator = stream(self.seed, f"external_input/{split}/{number}")
        drawn = self.pattern.draw(self.lattice, n_frames, self.delta_t, generator)
        return drawn.clamp(0, 1).to(torch.float32)


def equal_lengths(n_frames: int, duration: float, delta_t: float) -> tuple[int, ...]:
    """Lengths of sequences of about `duration` seconds, n_frames in all, equal to a frame."""
    frames = round(duration / delta_t)
    if frames < 2:
        raise StimulusError(
            f"sequence_duration must be at least two steps of delta_t={delta_t} s ({2 * delta_t:g} s), got {duration} "
            "s."
        )
    n = max(1, round(n_frames / frames))
    return tuple(n_frames * (k + 1) // n - n_frames * k // n for k in range(n))
