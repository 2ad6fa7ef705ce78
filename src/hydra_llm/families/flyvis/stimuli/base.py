"""What an eye is shown: independent sequences of luminance on the columns of a hexagonal lattice."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor


class StimulusError(ValueError):
    """A stimulus cannot be found, read or shown as asked."""


class Stimulus(Protocol):
    """The sequences of each split. A sequence depends on (seed, split, its number) and nothing else.

    keys: what a recording depends on beside the configuration, such as a hash of the files that are shown.
    """

    @property
    def keys(self) -> Mapping[str, Any]: ...

    def lengths(self, split: str, n_frames: int) -> tuple[int, ...]:
        """Frames of each sequence, n_frames in all. Raises StimulusError before anything is rendered."""
        ...

    def prepare(self, split: str, n_sequences: int) -> None:
        """Read all that the first n_sequences need, so that a damaged file is found before a long simulation."""
        ...

    def luminance(self, split: str, number: int, n_frames: int) -> Tensor:
        """Sequence `number` [frame, column], n_frames long, in [0, 1], float32."""
        ...
