"""What every simulated system offers, and what a simulation yields.

A System knows its truth and can be started any number of times; a Run carries the state and is advanced segment by
segment, so that a recording of any length passes through memory in pieces. Units are neurons or metabolites.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

SPLITS = ("train", "validation", "test")


class DivergenceError(RuntimeError):
    """A trajectory left the finite range. `frame` is negative during burn-in, `time` is frame * delta_t."""

    def __init__(self, split: str, frame: int, time: float, unit: int, value: float) -> None:
        self.split, self.frame, self.time, self.unit, self.value = split, frame, time, unit, value
        super().__init__(
            f"The simulation diverged: unit {unit} of the {split} trajectory reached {value:g} at frame {frame} "
            f"(time {time:g}). Choose a smaller delta_t, more substeps, or a lower gain."
        )

    def __reduce__(self) -> tuple[Any, ...]:  # an exception with five arguments crosses a process boundary only so
        return type(self), (self.split, self.frame, self.time, self.unit, self.value)


@dataclass(frozen=True)
class Segment:
    """Frames [start, stop) that are recorded in one go, and the splits whose trajectories are recorded there."""

    splits: tuple[str, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Recording:
    """What one segment adds to one split. Arrays are [frame, unit]; the first frame is `start`.

    activity is what a recording shows of the states: with measurement noise, and of the recorded units alone. Where
    that is not all, the states of all units are kept as clean_activity, else that is None.
    """

    split: str
    start: int
    activity: Tensor
    external: Tensor | None  # [frame, column]; signal networks have one column per unit
    clean_activity: Tensor | None


class Run(Protocol):
    """A simulation in progress. Segments are advanced in their order, each once, unless they are independent."""

    def advance(self, segment: Segment) -> tuple[Recording, ...]: ...


class System(Protocol):
    """A dynamical system of known mechanism, with everything that a recording of it depends on.

    keys: plain values (JSON) that determine the recording together with name, seed and dtype.
    n_frames: recorded frames by split.
    """

    @property
    def name(self) -> str: ...
    @property
    def keys(self) -> Mapping[str, Any]: ...
    @property
    def seed(self) -> int: ...
    @property
    def dtype(self) -> str: ...
    @property
    def n_units(self) -> int: ...
    @property
    def n_frames(self) -> Mapping[str, int]: ...

    @property
    def independent_segments(self) -> bool:
        """Whether a Run can advance any segment without those before it. Only such a simulation can be continued."""
        ...

    def arrays(self) -> Mapping[str, int]:
        """The arrays of a Recording that this system fills, each with its number of columns."""
        ...

    def observation_meta(self) -> dict[str, Any]:
        """What an experimenter knows of the experiment, such as sizes and delta_t. Holds nothing from which the truth
        could be drawn again, and neither noise levels nor the integrator: a fit would choose its method by them.
        """
        ...

    def structure(self) -> dict[str, Tensor]:
        """What the experimenter knows beside the recording: a wiring diagram, a stoichiometry. Training may see it."""
        ...

    def truth_meta(self) -> dict[str, Any]:
        """What is no tensor: noise levels, the integrator and its substeps, constants of the law."""
        ...

    def truth(self) -> dict[str, Tensor]: ...

    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        """du/dt [frame, unit] of the law without noise, at true states [frame, unit] and the recorded input of these
        frames [frame, column], in the precision of these states. It is the oracle derivative, which no experiment
        records.
        """
        ...

    def segments(self) -> tuple[Segment, ...]: ...

    def start(self) -> Run: ...
