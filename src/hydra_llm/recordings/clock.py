"""The time step of a session, and the frames at which its clock has a gap."""

import numpy as np

from hydra_llm.recordings.session import RecordedSession, RecordingError

JITTER = 0.01  # of the time step: a clock that strays further is irregular
AGREE = 0.01  # relative: so far may two statements of the time step differ


def step_and_gaps(session: RecordedSession, delta_t: float | None) -> tuple[float, np.ndarray]:
    """The time step, and the frames [gap] that come later than one step after the frame before.

    delta_t: what the user says, which must agree with the clock. Raises RecordingError for a clock that runs backwards,
    for one that is irregular beyond gaps, and where nobody says the step.
    """
    own, gaps = session.delta_t, np.empty(0, dtype=int)
    if session.time is not None:
        own, gaps = _of_times(session)
        if session.delta_t is not None and not abs(session.delta_t / own - 1) <= AGREE:
            raise RecordingError(
                f"{session.source} says delta_t = {session.delta_t:g}, and its times are {own:g} apart. Correct one of "
                "the two, or leave it out."
            )
    if own is None:
        if delta_t is None:
            raise RecordingError(
                f"{session.source} has no time. Give the time between two frames as simulation.delta_t, or the name of "
                "the array or column of times as simulation.time."
            )
        own = delta_t
    if not 0 < own < np.inf:
        raise RecordingError(f"The time step of {session.source} must be a number above 0, got {own:g}.")
    if delta_t is not None and abs(delta_t / own - 1) > AGREE:
        raise RecordingError(
            f"simulation.delta_t={delta_t:g}, but the frames of {session.source} are {own:g} apart by its own clock. "
            "Leave simulation.delta_t out, or correct the times."
        )
    return own, gaps


def _of_times(session: RecordedSession) -> tuple[float, np.ndarray]:
    time = session.time
    assert time is not None
    if len(time) != len(session.activity):
        raise RecordingError(
            f"{session.source} has {len(time)} times for {len(session.activity)} frames of activity. One of the two is "
            "cut off, or the activity is [unit, frame]: then set simulation.axes=units_frames."
        )
    if not np.isfinite(time).all():
        raise RecordingError(
            f"The time of frame {int(np.argmin(np.isfinite(time)))} of {session.source} is not a number. "
            "A missing frame has a time and no values, or is left out altogether."
        )
    steps = np.diff(time)
    if not len(steps) or not (steps > 0).all():
        where = int(np.argmin(steps > 0)) + 1 if len(steps) else 0
        raise RecordingError(
            f"The times of {session.source} must increase, and do not at frame {where}. Sort the frames."
        )
    step = float(np.median(steps))
    skipped = steps / step
    late = skipped > 1.5
    stray = np.abs(skipped - 1)[~late]
    if stray.size and np.quantile(stray, 0.99) > JITTER:
        raise RecordingError(
            f"The clock of {session.source} is irregular: of {len(steps)} steps, {(stray > JITTER).sum()} differ by "
            f"more than {JITTER:.0%} from the median of {step:g}. Interpolate the recording to equal steps first."
        )
    regular = steps[~late]
    return float(regular.mean()), np.flatnonzero(late) + 1
