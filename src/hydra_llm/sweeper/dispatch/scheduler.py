"""Jobs that outlived the sweeper: what submitit's folder and the scheduler know of them.

submitit keeps a pickle of what it submitted and one of what came back, `<id>_submitted.pkl` and `<id>_0_result.pkl`.
The first names the job number, the second survives a crash of the sweeper.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_llm.search.trial.outcome import Outcome, cancelled, lost
from hydra_llm.sweeper.dispatch.process import process_alive
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.slurm import JobState, job_state
from hydra_llm.sweeper.job.result_recorder import ATTEMPT_VARIABLE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submission:
    """One submitted job: the scheduler's id, the job number and attempt that it serves, where its result would be."""

    id: str
    number: int
    attempt: int
    folder: Path

    @property
    def result_path(self) -> Path:
        return self.folder / f"{self.id}_0_result.pkl"

    @property
    def is_local(self) -> bool:
        """submitit_local numbers its jobs by process id and marks them with a shell script of another name."""
        return not any(self.folder.glob("*submission.sh"))


class Submissions:
    """What submitit's folder of a sweep holds; every file is read once."""

    def __init__(self, sweep_dir: Path) -> None:
        self._folder = sweep_dir / ".submitit"
        self._read: set[Path] = set()
        self._known: dict[tuple[int, int], Submission] = {}

    def find(self, number: int, attempt: int) -> Submission | None:
        """The job that was submitted for this attempt of a number, None if submitit has none."""
        if (number, attempt) not in self._known:
            self._look()
        return self._known.get((number, attempt))

    def _look(self) -> None:
        for path in sorted(self._folder.glob("*/*_submitted.pkl")):
            if path in self._read:
                continue
            found = _read_submission(path)
            if found is not None:  # half a file is read again
                self._read.add(path)
                self._known.setdefault((found.number, found.attempt), found)


def find_submission(sweep_dir: Path, number: int, attempt: int) -> Submission | None:
    """As Submissions.find, for one question."""
    return Submissions(sweep_dir).find(number, attempt)


def outcome_of_submission(submission: Submission, reader: Reader) -> Outcome | None:
    """What submitit stored as the job's result; None while there is none."""
    try:
        kind, content = pickle.loads(submission.result_path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError):
        return None
    except Exception as error:  # a result whose class cannot be imported here
        return lost(f"the result of job {submission.id} cannot be read ({type(error).__name__}: {error})")
    if kind == "success":
        return reader.read(content, submission.number)
    return reader.recorded_or_lost(submission.number, f"job {submission.id} ended outside the task: {content}")


def outcome_of_gone(
    submission: Submission | None, state: JobState, reader: Reader, number: int, reason: str
) -> Outcome:
    """Of a job that no queue holds any more: its own record, submitit's, CANCELLED, or LOST for the reason given."""
    found = reader.read_recorded_outcome(number)
    if found is None and submission is not None:
        found = outcome_of_submission(submission, reader)
    if found is not None:
        return found
    folder = reader.default_folder(number)
    if submission is not None and state is JobState.CANCELLED:
        return cancelled(f"the scheduler reports job {submission.id} as cancelled", folder=folder)
    return lost(reason, folder=folder)


def state_of_submission(submission: Submission) -> JobState:
    if submission.is_local:
        return JobState.IN_QUEUE if submission.id.isdigit() and process_alive(int(submission.id)) else JobState.ENDED
    return job_state(submission.id)


def collect(
    reader: Reader, number: int, attempt: int, pause: Callable[[], None], poll: Callable[[Submission], JobState]
) -> Outcome | None:
    """The outcome of a job that was in flight when the sweeper ended: its own record, submitit's, or LOST where the
    scheduler lost it. None for a job that ended with the sweeper, which is nobody's fault.

    Waits, calling `pause` in between, while the scheduler has the job or does not answer. `poll` answers as
    `state_of_submission`.
    """
    waiting = ""
    while True:
        outcome = reader.read_recorded_outcome(number)
        if outcome is not None:
            return outcome
        submission = find_submission(reader.sweep_dir, number, attempt)
        if submission is None:
            return None
        state = poll(submission)
        if state.is_gone:
            reason = "the sweep ended while this job ran, and it left no result"
            return outcome_of_gone(submission, state, reader, number, reason)
        outcome = outcome_of_submission(submission, reader)
        if outcome is not None:
            return outcome
        if waiting != state:
            waiting = state
            still = "still runs" if state is JobState.IN_QUEUE else "may still run (the scheduler does not answer)"
            log.info("Trial %d %s as job %s; waiting for it.", number, still, submission.id)
        pause()


def cancel_line(sweep_dir: Path, running: list[tuple[int, int]]) -> str:
    """The command that takes jobs [(number, attempt)] off a SLURM queue, "" when none of them is there."""
    found = [find_submission(sweep_dir, number, attempt) for number, attempt in running]
    ids = [submission.id for submission in found if submission is not None and not submission.is_local]
    return f"scancel {' '.join(ids)}" if ids else ""


def _read_submission(path: Path) -> Submission | None:
    try:
        submitted: Any = pickle.loads(path.read_bytes())
        overrides, _, number = submitted.args[:3]
    except Exception as error:  # half of a file, or a job of something else
        log.debug("%s is not a submission of a sweep (%s)", path, error)
        return None
    mark = f"{ATTEMPT_VARIABLE}="
    attempts = [int(text.rpartition("=")[2].strip("'")) for text in overrides if mark in text]
    return Submission(path.name.removesuffix("_submitted.pkl"), number, attempts[0] if attempts else 1, path.parent)
