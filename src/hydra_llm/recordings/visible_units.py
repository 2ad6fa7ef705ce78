"""Sessions in which other units are visible: one list of names for all, and a column of NaN for whom a session lacks.

Units are the same where their names are. A session whose segments each lack some units entirely counts as a session
per segment.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hydra_llm.recordings.session import RecordedSession, RecordingError


def by_segments(sessions: Sequence[RecordedSession]) -> list[RecordedSession]:
    """Sessions whose segments do not all hold the same units become a session per segment; the others stay."""
    return [part for session in sessions for part in _parts(session)]


def aligned(sessions: Sequence[RecordedSession]) -> list[RecordedSession]:
    """All sessions with the columns of all units, in the order in which they first appear. Raises RecordingError for
    sessions of unequal units without names, and for names that do not tell the units of a session apart."""
    for session in sessions:
        _check_names(session)
    first = sessions[0]
    if all((one.n_units, one.unit_names) == (first.n_units, first.unit_names) for one in sessions):
        return list(sessions)
    for session in sessions:
        if not session.unit_names:
            raise RecordingError(
                f"Sessions without names of units must have the same units in the same order: {first.source} has "
                f"{first.n_units} ({_ends(first)}), {session.source} has {session.n_units} ({_ends(session)}). Name "
                "the units of every session (an array unit_names, or titled columns); those of the same name count as "
                "the same unit, and a session may lack some."
            )
    names = tuple(dict.fromkeys(name for session in sessions for name in session.unit_names))
    if len(names) == sum(session.n_units for session in sessions):
        raise RecordingError(
            f"No unit of {first.source} ({_ends(first)}) appears in another session: sessions are put together by "
            "units that they share. Give the same unit the same name in every session."
        )
    return [_spread(session, names) for session in sessions]


def _check_names(session: RecordedSession) -> None:
    names = session.unit_names
    if names and len(names) != session.n_units:
        raise RecordingError(f"{session.source} names {len(names)} units and records {session.n_units}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecordingError(
            f"{session.source} has several units called {', '.join(twice[:10])}. Every unit needs a name of its own."
        )


def _spread(session: RecordedSession, names: tuple[str, ...]) -> RecordedSession:
    place = {name: k for k, name in enumerate(names)}
    columns = [place[name] for name in session.unit_names]
    activity = np.full((len(session.activity), len(names)), np.nan)
    activity[:, columns] = session.activity
    stimulus = session.stimulus
    if stimulus is not None and stimulus.shape[1] == session.n_units:
        wide = np.full((len(stimulus), len(names)), np.nan)
        wide[:, columns] = stimulus
        stimulus = wide
    return replace(session, activity=activity, stimulus=stimulus, unit_names=names)


def _parts(session: RecordedSession) -> list[RecordedSession]:
    labels = session.segment
    if labels is None or len(labels) != len(session.activity):
        return [session]
    own = [np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())]
    lacks = np.array([np.isnan(session.activity[frames]).all(axis=0) for frames in own])
    if (lacks == lacks[0]).all():
        return [session]
    return [_part(session, frames) for frames in own if len(frames) > 1]  # a single frame has no clock


def _part(session: RecordedSession, frames: np.ndarray) -> RecordedSession:
    """The frames of one label. They may lie apart, and the labels no longer tell: a number per run does."""
    assert session.segment is not None
    run = np.cumsum(np.diff(frames, prepend=frames[0] - 1) != 1)
    return replace(
        session,
        source=f"{session.source}, segment {session.segment[frames[0]]}",
        activity=session.activity[frames],
        time=None if session.time is None else session.time[frames],
        stimulus=None if session.stimulus is None else session.stimulus[frames],
        segment=run,
    )


def _ends(session: RecordedSession) -> str:
    return f"{session.unit_names[0]} to {session.unit_names[-1]}" if session.unit_names else "without names"
