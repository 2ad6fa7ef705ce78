"""Named arrays of one file: which of them is the activity, the time, the stimulus, the segments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hydra_llm.recordings.session import NONE, Names, RecordedSession, RecordingError

USUAL = {"activity": "activity", "time": "time", "stimulus": "stimulus", "segment": "segment"}
TEXT = "SUOT"  # kinds of numpy arrays that hold words


@dataclass(frozen=True)
class Shelf:
    """arrays: name -> how to read it; shapes: what each looks like, for sentences; unit: of the activity by name."""

    source: str
    arrays: Mapping[str, Callable[[], np.ndarray]]
    shapes: Mapping[str, tuple[int, ...]]
    units: Mapping[str, str] = field(default_factory=dict)

    def session(self, names: Names) -> RecordedSession:
        """Raises RecordingError for a name that the file does not hold, with those that it does."""
        activity = self._activity(names.activity)
        read = {
            what: None if found is None else self.arrays[found]()
            for what in ("time", "stimulus", "segment")
            for found in [self.found(what, getattr(names, what))]
        }
        labels = self.arrays["unit_names"]() if "unit_names" in self.arrays else ()
        return RecordedSession(
            self.source,
            numbers(self.arrays[activity](), activity, self.source),
            None if read["time"] is None else numbers(read["time"], "time", self.source).ravel(),
            None if read["stimulus"] is None else _columns(numbers(read["stimulus"], "stimulus", self.source)),
            None if read["segment"] is None else np.asarray(read["segment"]).ravel(),
            self._step(),
            self.units.get(activity),
            tuple(_word(label) for label in np.asarray(labels).ravel()),
        )

    def _step(self) -> float | None:
        if "delta_t" not in self.arrays:
            return None
        steps = numbers(self.arrays["delta_t"](), "delta_t", self.source).ravel()
        if not len(steps) or (steps != steps[0]).any():
            raise RecordingError(
                f"delta_t in {self.source} must be one number, got {len(steps)}. Frames need one step."
            )
        return float(steps[0])

    def found(self, what: str, name: str | None) -> str | None:
        """The array that is asked for, or the one of the usual name; None where nobody asked and there is none."""
        if name is None:
            return USUAL[what] if USUAL[what] in self.arrays else None
        if name == NONE:
            return None
        if name not in self.arrays:
            raise RecordingError(f"simulation.{what}={name} is not in {self.source}. {self.holds()}")
        return name

    def _activity(self, name: str | None) -> str:
        found = self.found("activity", name)
        if found is not None:
            return found
        tables = [one for one, shape in self.shapes.items() if len(shape) == 2]
        if len(tables) == 1:
            return tables[0]
        raise RecordingError(
            f"{self.source} must say which array is the activity [frame, unit]. {self.holds()} "
            "Name one as simulation.activity."
        )

    def holds(self) -> str:
        listed = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.shapes.items())
        return f"It holds: {listed or 'no array'}."


def numbers(values: np.ndarray, name: str, source: str) -> np.ndarray:
    """In float64. Raises RecordingError for words and complex values."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise RecordingError(f"{name} in {source} must hold real numbers, got values of type {values.dtype}.")
    return values.astype(np.float64)


def _columns(values: np.ndarray) -> np.ndarray:
    return values[:, None] if values.ndim == 1 else values


def _word(label: object) -> str:
    return label.decode() if isinstance(label, bytes) else str(label)
