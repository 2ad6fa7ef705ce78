"""Frames in memory as the data of a fit."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """What a phase may look at; every split has the same frames."""

    recorded: Any  # hydra_llm.data.windows.Frames, which imports torch
    delta_t: float = 0.01

    def frames(self, split: str) -> Any:
        return self.recorded
