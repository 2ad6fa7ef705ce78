"""Which units of the sessions can be used, and why the others cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydra_llm.recordings.session import RecordedSession, RecordingError

MISSING = 0.2  # a unit that lacks a larger share of the frames of a session is left out
LARGEST = 1e75  # beyond, squares of products of two units overflow
SPAN = 1e4  # between the standard deviations of two units: beyond it they are in different units of measurement


@dataclass(frozen=True)
class Units:
    """names and kept: bool, both [unit] as in the files; visible: bool [session, unit], whom a session shows at all;
    dropped: a sentence per reason."""

    names: tuple[str, ...]
    kept: np.ndarray
    visible: np.ndarray
    dropped: tuple[str, ...]


def usable_units(sessions: Sequence[RecordedSession]) -> Units:
    """Leave out units that no session shows, and those that are missing or constant in a session that shows them. The
    sessions have the same columns (visible_units.aligned). Raises RecordingError where fewer than 2 remain, for
    infinite values and those beyond LARGEST, for unequal units of measurement, and where units are measured on scales
    far apart.
    """
    names = _names(sessions)
    visible = np.array([~np.isnan(session.activity).all(axis=0) for session in sessions])
    missing, constant = np.zeros(len(names), dtype=bool), np.zeros(len(names), dtype=bool)
    spread = np.zeros(len(names))
    missing |= ~visible.any(axis=0)
    for session, shown in zip(sessions, visible, strict=True):
        u = session.activity
        if np.isinf(u).any():
            frame, unit = (int(k) for k in np.argwhere(np.isinf(u))[0])
            raise RecordingError(
                f"{session.source} is infinite at frame {frame}, unit {names[unit]}. Mark what is missing by NaN."
            )
        _refuse_huge(session, names)
        missing |= shown & (np.isnan(u).mean(axis=0) > MISSING)
        filled = np.where(np.isnan(u), 0.0, u)
        count = np.maximum((~np.isnan(u)).sum(axis=0), 1)
        mean = filled.sum(axis=0) / count
        sd = np.sqrt((np.where(np.isnan(u), 0.0, u - mean) ** 2).sum(axis=0) / count)
        constant |= shown & ~missing & (sd <= 1e-12 * np.maximum(np.abs(mean), 1e-300))
        spread = np.maximum(spread, sd)
    kept = ~missing & ~constant
    dropped = [
        f"{own.sum()} of {len(names)} units {why} and are left out: {_listed(names, own)}."
        for own, why in (
            (missing, f"lack more than {MISSING:.0%} of the frames of a session"),
            (constant, "do not move in a session"),
        )
        if own.any()
    ]
    if kept.sum() < 2:
        raise RecordingError(
            " ".join([f"A network needs at least 2 units that move, {kept.sum()} of {len(names)} remain.", *dropped])
        )
    least, most = spread[kept].min(), spread[kept].max()
    if most > SPAN * least:
        own = np.flatnonzero(kept)
        low, high = int(own[spread[kept].argmin()]), int(own[spread[kept].argmax()])
        raise RecordingError(
            f"Units are measured on scales far apart: the standard deviation of {names[low]} is {least:.3g}, that of "
            f"{names[high]} {most:.3g}. Convert them to one unit of measurement, or leave one kind out."
        )
    return Units(names, kept, visible, tuple(dropped))


def _refuse_huge(session: RecordedSession, names: Sequence[str]) -> None:
    """Where squares overflow nothing can be told, not even whether a unit moves."""
    huge = np.abs(session.activity) > LARGEST
    if huge.any():
        frame, unit = (int(k) for k in np.argwhere(huge)[0])
        raise RecordingError(
            f"{session.source} is {session.activity[frame, unit]:.3g} at frame {frame}, unit {names[unit]}. Values "
            f"beyond {LARGEST:.0e} are too large to compute with, and there are {int(huge.sum()):,}. Convert the "
            "recording to a larger unit of measurement, or mark what is missing by NaN."
        )


def _names(sessions: Sequence[RecordedSession]) -> tuple[str, ...]:
    first = sessions[0]
    for session in sessions[1:]:
        if session.unit != first.unit:
            raise RecordingError(
                f"{first.source} is in {first.unit or 'no stated unit'}, {session.source} in "
                f"{session.unit or 'no stated unit'}. Convert all sessions to one unit of measurement."
            )
    return first.unit_names or tuple(str(k) for k in range(first.n_units))


def _listed(names: Sequence[str], chosen: np.ndarray) -> str:
    found = [names[k] for k in np.flatnonzero(chosen).tolist()]
    return ", ".join(found[:10]) + (", ..." if len(found) > 10 else "")
