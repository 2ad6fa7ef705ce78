"""External modulation: a slow known signal per metabolite that is added to dc/dt or speeds reactions up.

ext_i(t) = 2 x_i(t), x_i(t) in [0, 1] a sum of slow sinusoids; metabolites beyond the first n_input_metabolites see the
neutral input (0 where it is added, 1 where it multiplies). The movie of the publications is not part of this project;
every trajectory draws its own signal.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.choice import check_choice

MODES = ("none", "additive", "multiplicative_substrate", "multiplicative_product")
TYPES = ("none", "modulation")
_GAIN = 2.0  # of the input, as published
_N_SINES = 3


@dataclass(frozen=True)
class Modulation:
    """mode: one of MODES but none. period in units of time: the sinusoids have periods of one to four of it."""

    mode: str
    n_input: int
    period: float

    def __post_init__(self) -> None:
        if self.mode == "multiplicative":
            raise ValueError(
                "external_input_mode='multiplicative' does not say what is multiplied. Choose "
                "multiplicative_substrate (mean input of the substrates) or multiplicative_product."
            )
        check_choice("external_input_mode", self.mode, MODES[1:])
        if self.n_input < 1:
            raise ValueError(f"n_input_metabolites must be at least 1 with an external input, got {self.n_input}.")
        if not self.period > 0:
            raise ValueError(f"modulation_period must be above 0, got {self.period}.")

    @property
    def neutral(self) -> float:
        return 0.0 if self.mode == "additive" else 1.0

    def draw(self, n_metabolites: int, generator: Generator) -> "Presentation":
        if self.n_input > n_metabolites:
            raise ValueError(
                f"n_input_metabolites must be at most n_metabolites ({n_metabolites}), got {self.n_input}."
            )
        uniform = torch.rand((2, self.n_input, _N_SINES), generator=generator, dtype=torch.float64)
        frequency = 1 / (self.period * (1 + 3 * uniform[0]))
        return Presentation(self, n_metabolites, frequency, 2 * math.pi * uniform[1])


@dataclass(frozen=True)
class Presentation:
    """The input of one trajectory."""

    modulation: Modulation
    n_metabolites: int
    frequency: Tensor  # [input, sine], cycles per unit of time
    phase: Tensor  # [input, sine]

    def __call__(self, start: int, stop: int, delta_t: float) -> Tensor:
        """ext [frame, metabolite] of frames [start, stop)."""
        time = delta_t * torch.arange(start, stop, dtype=torch.float64)
        waves = torch.sin(2 * math.pi * time[:, None, None] * self.frequency + self.phase).mean(dim=-1)
        ext = torch.full((stop - start, self.n_metabolites), self.modulation.neutral, dtype=torch.float64)
        ext[:, : self.modulation.n_input] = _GAIN * (0.5 + 0.5 * waves)
        return ext
