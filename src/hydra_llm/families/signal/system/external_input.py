"""External input of a rate network: what the experimenter presents, one value per neuron and recording frame.

The input is held over a recording step. Each split presents another draw of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

Presentation = Callable[[int, int], Tensor]  # (first frame, last frame + 1) -> [frame, neuron], float64


class ExternalInput(Protocol):
    """Draws what one split presents."""

    def draw(self, n_neurons: int, n_frames: int, delta_t: float, generator: Generator) -> Presentation: ...


@dataclass(frozen=True)
class Oscillatory:
    """e_i cos(2 pi f t) with e_i ~ max_amplitude * U(-1, 1); frequency f in cycles per unit of time."""

    max_amplitude: float
    frequency: float

    def draw(self, n_neurons: int, n_frames: int, delta_t: float, generator: Generator) -> Presentation:
        amplitude = self.max_amplitude * (2 * torch.rand(n_neurons, generator=generator, dtype=torch.float64) - 1)

        def present(start: int, stop: int) -> Tensor:
            t = torch.arange(start, stop, dtype=torch.float64) * delta_t
            return torch.cos(2 * torch.pi * self.frequency * t)[:, None] * amplitude

        return present


@dataclass(frozen=True)
class Triggered:
    """Impulses at random frames onto random neurons, each followed by a fading oscillation.

    An impulse has height `strength`; the oscillation that follows for `duration` frames is
    strength * A sin(2 pi f t) * (1 - t / duration), A and f (cycles per unit of time) uniform in their ranges.
    """

    n_impulses: int
    n_input_neurons: int
    strength: float
    first_frame: int
    duration: int
    amplitude_range: tuple[float, float]
    frequency_range: tuple[float, float]

    def __post_init__(self) -> None:
        if self.n_impulses < 1 or self.n_input_neurons < 1 or self.duration < 1:
            raise ValueError(
                "triggered_n_impulses, triggered_n_input_neurons and triggered_duration_frames must be at least 1, "
                f"got {self.n_impulses}, {self.n_input_neurons} and {self.duration}."
            )

    def draw(self, n_neurons: int, n_frames: int, delta_t: float, generator: Generator) -> Presentation:
        if self.n_input_neurons > n_neurons:
            raise ValueError(
                f"triggered_n_input_neurons must be at most n_neurons ({n_neurons}), got {self.n_input_neurons}."
            )
        latest = n_frames - self.duration
        if latest < self.first_frame:
            raise ValueError(
                f"An impulse at frame triggered_min_start_frame={self.first_frame} with "
                f"triggered_duration_frames={self.duration} does not fit into {n_frames} frames. Record more frames."
            )
        shape = (self.n_impulses,)
        onset = torch.randint(self.first_frame, latest + 1, shape, generator=generator)
        amplitude = _uniform(self.amplitude_range, shape, generator)
        frequency = _uniform(self.frequency_range, shape, generator)
        neurons = torch.stack(
            [torch.randperm(n_neurons, generator=generator)[: self.n_input_neurons] for _ in range(self.n_impulses)]
        )
        weight = torch.zeros((self.n_impulses, n_neurons), dtype=torch.float64).scatter_(1, neurons, 1.0)

        def present(start: int, stop: int) -> Tensor:
            age = torch.arange(start, stop)[:, None] - onset  # [frame, impulse], in frames
            fading = 1 - age / self.duration
            wave = amplitude * torch.sin(2 * torch.pi * frequency * age * delta_t) * fading
            wave = torch.where((age > 0) & (age < self.duration), wave, 0.0) + (age == 0)
            return self.strength * wave @ weight  # [frame, neuron]

        return present


def _uniform(bounds: tuple[float, float], shape: tuple[int, ...], generator: Generator) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)
