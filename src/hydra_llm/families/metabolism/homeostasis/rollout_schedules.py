"""How many frames a rollout has, as training goes on.

homeostasis_time_step is the longest; curriculum and multi-scale stay below it, so that a slot of a search keeps its
label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch


class Lengths(Protocol):
    def at(self, progress: float, generator: torch.Generator) -> tuple[int, ...]:
        """Lengths whose losses add up to one batch's; progress in [0, 1)."""
        ...


@dataclass(frozen=True)
class Fixed:
    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError(f"homeostasis_time_step must be at least 1, got {self.length}.")

    def at(self, progress: float, generator: torch.Generator) -> tuple[int, ...]:
        return (self.length,)


@dataclass(frozen=True)
class LongToShort:
    """Curriculum: equal parts of the training, each with a share of the full length, longest first.

    Long rollouts gather the weak signal, short ones refine with cleaner gradients. As published: (1, 1/2).
    """

    length: int
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.shares or any(not 0 < share <= 1 for share in self.shares):
            raise ValueError(f"curriculum.shares must be above 0 and at most 1, one at least, got {list(self.shares)}.")
        if sorted(self.shares, reverse=True) != list(self.shares):
            raise ValueError(f"curriculum.shares must go from long to short, got {list(self.shares)}.")

    def at(self, progress: float, generator: torch.Generator) -> tuple[int, ...]:
        share = self.shares[min(int(progress * len(self.shares)), len(self.shares) - 1)]
        return (max(1, round(self.length * share)),)


@dataclass(frozen=True)
class MultiScale:
    """Every batch draws `draws` lengths from `choices`, as far as they are not above what `longest` allows."""

    choices: Sequence[int]
    draws: int
    longest: Lengths

    def __post_init__(self) -> None:
        if self.draws < 1 or not self.choices or min(self.choices) < 1:
            raise ValueError(
                f"multi_scale must have lengths and draws of at least 1, got {list(self.choices)} and {self.draws}."
            )

    def at(self, progress: float, generator: torch.Generator) -> tuple[int, ...]:
        limit = max(self.longest.at(progress, generator))
        allowed = [length for length in self.choices if length <= limit] or [limit]
        drawn = torch.randint(len(allowed), (self.draws,), generator=generator)
        return tuple(allowed[k] for k in drawn.tolist())
