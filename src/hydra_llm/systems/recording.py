"""What the experiments of several families share: precision, lengths of the splits, and what describes no recording."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from hydra_llm.choice import check_choice
from hydra_llm.systems.base import SPLITS

DTYPES = {"float32": torch.float32, "float64": torch.float64}
_SHORT_SPLIT = 2000  # frames of a validation or test trajectory whose length is left open


class Recordable(Protocol):
    """The part of a system that says how it is recorded."""

    @property
    def delta_t(self) -> float: ...
    @property
    def substeps(self) -> int: ...
    @property
    def burn_in(self) -> int: ...
    @property
    def n_frames(self) -> Mapping[str, int]: ...
    @property
    def dtype(self) -> str: ...


def check_recording(system: Recordable) -> None:
    """Raise ValueError with a sentence for the first value that describes no recording."""
    if not system.delta_t > 0:
        raise ValueError(f"delta_t must be above 0, got {system.delta_t}.")
    if system.substeps < 1:
        raise ValueError(f"substeps must be at least 1, got {system.substeps}.")
    if system.burn_in < 0:
        raise ValueError(
            f"start_frame must be at most 0, got {-system.burn_in}: a burn-in ends at the first recorded frame."
        )
    for split in SPLITS:
        if system.n_frames[split] < 2:
            raise ValueError(f"The {split} split must have at least 2 frames, got {system.n_frames[split]}.")
    check_choice("dtype", system.dtype, DTYPES)


def split_lengths(n_frames: int, validation: int | None, test: int | None) -> dict[str, int]:
    """Frames by split; None takes min(2000, n_frames)."""
    short = min(_SHORT_SPLIT, n_frames)
    return {
        "train": n_frames,
        "validation": short if validation is None else validation,
        "test": short if test is None else test,
    }


def plain(value: Any) -> Any:
    """A value as JSON writes it: sequences, whatever their class, become lists."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value
