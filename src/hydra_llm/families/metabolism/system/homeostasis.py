"""Homeostasis: every metabolite is pulled to its baseline, dc_i/dt += -lambda_i (c_i - baseline_i).

lambda and baseline belong to metabolite types. With a circadian amplitude A the baseline follows the clock,
baseline_i (1 + A clock), where clock = sin(2 pi frame / period) is known to an experimenter and is recorded as input.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.families.metabolism.config import MetabolismSimulation

BASELINE_MODES = ("fixed", "initial")


@dataclass(frozen=True)
class HomeostasisTypes:
    """rate [type] in 1 / time and baseline [type] in units of concentration."""

    rate: Tensor
    baseline: Tensor

    @classmethod
    def of(cls, config: MetabolismSimulation, generator: Generator) -> "HomeostasisTypes":
        """Values per type, or, where they are not given, strength * U(0.5, 1.5) and baseline * U(0.8, 1.2)."""
        n_types = config.n_metabolite_types
        drawn = torch.rand((2, n_types), generator=generator, dtype=torch.float64)
        strength, baseline = config.homeostatic_strength, config.baseline_concentration
        rates, baselines = config.homeostatic_lambda_per_type, config.homeostatic_baseline_per_type
        return cls(
            _given("homeostatic_lambda_per_type", rates, n_types, strength * (0.5 + drawn[0])),
            _given("homeostatic_baseline_per_type", baselines, n_types, baseline * (0.8 + 0.4 * drawn[1])),
        )


@dataclass(frozen=True)
class Circadian:
    """amplitude: swing of the baseline, as a share of it; period in frames."""

    amplitude: float
    period: float

    def __post_init__(self) -> None:
        if not 0 <= self.amplitude < 1:
            raise ValueError(
                f"circadian_amplitude must be at least 0 and below 1, got {self.amplitude}: it is a share of the "
                "baseline."
            )
        if not self.period > 0:
            raise ValueError(f"circadian_period must be above 0, got {self.period}.")

    def clock(self, start: int, stop: int) -> Tensor:
        """sin(2 pi frame / period) of frames [start, stop)."""
        return torch.sin(2 * math.pi * torch.arange(start, stop, dtype=torch.float64) / self.period)


def type_blocks(n_metabolites: int, n_types: int) -> Tensor:
    """The type of every metabolite: contiguous blocks whose sizes differ by at most one."""
    if not 1 <= n_types <= n_metabolites:
        raise ValueError(f"n_metabolite_types must be between 1 and n_metabolites ({n_metabolites}), got {n_types}.")
    return torch.arange(n_metabolites) * n_types // n_metabolites


def _given(name: str, values: Sequence[float] | None, n_types: int, otherwise: Tensor) -> Tensor:
    if values is None:
        return otherwise
    if len(values) != n_types:
        raise ValueError(f"{name} must have one value per metabolite type ({n_types}), got {len(values)}.")
    if min(values) < 0:
        raise ValueError(f"{name} must hold values of at least 0, got {list(values)}.")
    return torch.tensor([float(value) for value in values], dtype=torch.float64)
