"""One session as its file holds it."""

from dataclasses import dataclass, field

import numpy as np

NONE = "none"  # as a name: this array is not used, though the file has it


class RecordingError(ValueError):
    """A recording cannot be used as it is. The message names the file, what was found and the remedy."""


@dataclass(frozen=True)
class Names:
    """What the arrays of a file are called; None: the usual name, where the file has it; NONE: not to be used.

    activity: array, series or table columns of the units; time [frame]; stimulus [frame, unit]; segment [frame], a
    number or a label that changes where a new stretch begins.
    """

    activity: str | None = None
    time: str | None = None
    stimulus: str | None = None
    segment: str | None = None


@dataclass(frozen=True)
class RecordedSession:
    """activity [frame, unit] with NaN where a value is missing; time [frame]; stimulus [frame, column]; segment
    [frame]; delta_t: what the file itself says; unit: of the activity, as the file names it; unit_names [unit].
    """

    source: str
    activity: np.ndarray
    time: np.ndarray | None = None
    stimulus: np.ndarray | None = None
    segment: np.ndarray | None = None
    delta_t: float | None = None
    unit: str | None = None
    unit_names: tuple[str, ...] = field(default=())

    @property
    def n_units(self) -> int:
        return self.activity.shape[1]
