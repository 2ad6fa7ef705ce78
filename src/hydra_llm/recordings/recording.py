"""A recording of one or several sessions as stretches: frames that follow each other, without a missing value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from hydra_llm.choice import check_choice
from hydra_llm.recordings.clock import AGREE, step_and_gaps
from hydra_llm.recordings.session import RecordedSession, RecordingError
from hydra_llm.recordings.units import Units, usable_units
from hydra_llm.recordings.visible_units import aligned, by_segments

AXES = ("frames_units", "units_frames")
SHORTEST = 12  # frames; a shorter stretch tells neither noise nor a derivative of high order
SPLITS = ("train", "validation", "test")
FEWEST = {"train": 100, "validation": 30, "test": 30}  # frames


@dataclass(frozen=True)
class Stretch:
    """activity [frame, unit] and stimulus [frame, unit] without a gap, of one session; NaN in the columns of units that
    the session does not show."""

    session: int
    activity: np.ndarray
    stimulus: np.ndarray | None

    def part(self, start: int, stop: int) -> "Stretch":
        return Stretch(
            self.session, self.activity[start:stop], None if self.stimulus is None else self.stimulus[start:stop]
        )

    def __len__(self) -> int:
        return len(self.activity)


@dataclass(frozen=True)
class OwnRecording:
    """stretches in order; unit: of measurement; notes: what was left out, in sentences."""

    stretches: tuple[Stretch, ...]
    delta_t: float
    units: Units
    unit: str | None
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the units that are used."""
        return tuple(name for name, kept in zip(self.units.names, self.units.kept, strict=True) if kept)

    @property
    def visible(self) -> np.ndarray:
        """Whom each session shows: bool [session, unit that is used]."""
        return self.units.visible[:, self.units.kept]


def recording_of(
    sessions: Iterable[RecordedSession], *, axes: str = AXES[0], delta_t: float | None = None
) -> OwnRecording:
    """Check the sessions and cut them. Raises RecordingError with a sentence for whatever no fit could use."""
    check_choice("axes", axes, AXES)
    turned = [_oriented(session, axes) for session in sessions]
    if not turned:
        raise RecordingError("simulation.path must name at least one file, got none.")
    turned = aligned(by_segments(turned))
    units = usable_units(turned)
    clocks = [step_and_gaps(session, delta_t) for session in turned]
    steps = [step for step, _ in clocks]
    if max(steps) / min(steps) - 1 > AGREE:
        raise RecordingError(
            f"All sessions must have one time step, got {min(steps):g} to {max(steps):g}. Resample them to one."
        )
    stretches: list[Stretch] = []
    lost, n_short = 0, 0
    for number, (session, (_, gaps)) in enumerate(zip(turned, clocks, strict=True)):
        stimulus = _stimulus(session, units)
        u, shown = session.activity[:, units.kept], units.visible[number, units.kept]
        values = u[:, shown] if stimulus is None else np.hstack([u[:, shown], stimulus[:, shown]])
        absent: np.ndarray = np.isnan(values).max(axis=1)
        lost += int(absent.sum())
        whole = Stretch(number, u, stimulus)
        for start, stop in _runs(absent, {*gaps.tolist(), *_changes(session)}):
            if stop - start >= SHORTEST:
                stretches.append(whole.part(start, stop))
            else:
                n_short += 1
    notes = list(units.dropped)
    if lost:
        notes.append(f"{lost} frames with missing values are left out; the recording is cut there.")
    if n_short:
        notes.append(f"{n_short} stretches of fewer than {SHORTEST} frames are left out.")
    return OwnRecording(tuple(stretches), float(np.mean(steps)), units, turned[0].unit, tuple(notes))


def cut(recording: OwnRecording, validation_share: float, test_share: float) -> dict[str, list[Stretch]]:
    """Every session in time: its first frames train, the next validate, the last test. Shares are of its frames.

    Raises RecordingError for a part that is too short to be of use.
    """
    parts: dict[str, list[Stretch]] = {split: [] for split in SPLITS}
    for number in sorted({stretch.session for stretch in recording.stretches}):
        own = [stretch for stretch in recording.stretches if stretch.session == number]
        n = sum(map(len, own))
        limits = (0, round(n * (1 - validation_share - test_share)), round(n * (1 - test_share)), n)
        begin = 0
        for stretch in own:
            for split, low, high in zip(SPLITS, limits[:-1], limits[1:], strict=True):
                start, stop = max(low - begin, 0), min(high - begin, len(stretch))
                if stop - start >= SHORTEST:
                    parts[split].append(stretch.part(start, stop))
            begin += len(stretch)
    for split, stretches in parts.items():
        n = sum(map(len, stretches))
        if n < FEWEST[split]:
            raise RecordingError(
                f"The recording is too short: {n} frames remain to {split}, and it needs {FEWEST[split]} in stretches "
                f"of at least {SHORTEST}. Record longer, or change "
                "simulation.validation_share and simulation.test_share."
            )
    return parts


def _oriented(session: RecordedSession, axes: str) -> RecordedSession:
    u = session.activity
    if u.ndim != 2:
        raise RecordingError(
            f"The activity of {session.source} must be an array [frame, unit], got the shape {u.shape}. "
            "Name another array as simulation.activity."
        )
    if axes == "units_frames":
        session = replace(session, activity=u.T, stimulus=_turned(session, u))
    n_frames, n_units = session.activity.shape
    if n_frames <= n_units:
        other = next(one for one in AXES if one != axes)
        raise RecordingError(
            f"{session.source} has {n_frames} frames of {n_units} units, read as simulation.axes={axes}. If it is the "
            f"other way round, set simulation.axes={other}; otherwise record more frames than units."
        )
    return session


def _turned(session: RecordedSession, activity: np.ndarray) -> np.ndarray | None:
    stimulus = session.stimulus
    return stimulus.T if stimulus is not None and stimulus.shape[1] == activity.shape[1] else stimulus


def _stimulus(session: RecordedSession, units: Units) -> np.ndarray | None:
    stimulus = session.stimulus
    if stimulus is None:
        return None
    if len(stimulus) != len(session.activity) or stimulus.shape[1] != len(units.names):
        raise RecordingError(
            f"The stimulus of {session.source} must be [frame, unit], what each unit receives, so of shape "
            f"{(len(session.activity), len(units.names))}, got {stimulus.shape}. A stimulus whose way to the units is "
            "unknown cannot be used yet: leave it out by simulation.stimulus=none, or spread it over the units."
        )
    return stimulus[:, units.kept]


def _changes(session: RecordedSession) -> list[int]:
    """Frames at which the segment changes."""
    labels = session.segment
    if labels is None:
        return []
    if len(labels) != len(session.activity):
        raise RecordingError(
            f"{session.source} has {len(labels)} segment labels for {len(session.activity)} frames. It needs one each."
        )
    return (np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist()


def _runs(absent: np.ndarray, breaks: set[int]) -> list[tuple[int, int]]:
    """[start, stop) of frames that are there, cut before every break."""
    turns = (np.flatnonzero(np.diff(absent.astype(int))) + 1).tolist()
    edges = sorted({0, len(absent), *breaks, *turns})
    return [(start, stop) for start, stop in pairwise(edges) if not absent[start]]
