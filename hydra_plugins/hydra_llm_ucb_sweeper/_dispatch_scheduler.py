"""Jobs that outlived the sweeper: what submitit's folder and the scheduler know of them.

submitit keeps a pickle of what it submitted and one of what came back, `<id>_submitted.pkl` and `<id>_0_result.pkl`.
The first names the job number, the second survives a crash of the sweeper.
"""

from __future__ import annotations

import logging
import pickle
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_llm.search.lock import process_alive
from hydra_llm.search.outcome import Outcome, cancelled, lost
from hydra_plugins.hydra_llm_ucb_sweeper._dispatch_read import Reader
from hydra_plugins.hydra_llm_ucb_sweeper._journal import ATTEMPT_VARIABLE

log = logging.getLogger(__name__)

PENDING = ("PENDING", "RUNNING", "REQUEUED", "COMPLETING", "CONFIGURING", "SUSPENDED", "REQUEUE_HOLD")
QUERY_S = 20.0  # limit of one question to the scheduler


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


def find_submission(sweep_dir: Path, number: int, attempt: int) -> Submission | None:
    """The job that was submitted for this attempt of a number, None if submitit has none."""
    for path in sorted((sweep_dir / ".submitit").glob("*/*_submitted.pkl")):
        found = _read_submission(path)
        if found is not None and (found.number, found.attempt) == (number, attempt):
            return found
    return None


def outcome_of_submission(submission: Submission, reader: Reader) -> Outcome | None:
    """What submitit stored as the job's result; None while there is none."""
    try:
        kind, content = pickle.loads(submission.result_path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError):
        return None
    except Exception as error:  # a result whose class can not be imported here
        return lost(f"the result of job {submission.id} can not be read ({type(error).__name__}: {error})")
    if kind == "success":
        return reader.read(content, submission.number)
    return reader.harvest(submission.number) or lost(f"job {submission.id} ended outside the task: {content}")


def is_alive(submission: Submission) -> bool | None:
    """Whether the scheduler still has the job; None when it was cancelled."""
    if submission.is_local:
        return submission.id.isdigit() and process_alive(int(submission.id))
    state = slurm_state(submission.id)
    if state.startswith("CANCELLED"):
        return None
    return state in PENDING


def slurm_state(job: str) -> str:
    """The state of a SLURM job by squeue, by sacct once squeue has forgotten it; "" when neither answers."""
    questions = (["squeue", "-h", "-o", "%T", "-j", job], ["sacct", "-n", "-P", "-X", "-o", "State", "-j", job])
    for words in questions:
        if shutil.which(words[0]) is None:
            continue
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=QUERY_S, check=False)
        except subprocess.TimeoutExpired:
            continue
        state = done.stdout.strip().splitlines()
        if done.returncode == 0 and state:
            return state[0].strip()
    return ""


def collect(
    reader: Reader, number: int, attempt: int, pause: Callable[[], None], poll: Callable[[Submission], bool | None]
) -> Outcome:
    """The outcome of a job that was in flight when the sweeper ended: its own record, submitit's, or LOST.

    Waits, calling `pause` in between, while the scheduler has the job. `poll` answers as `is_alive`.
    """
    waiting = False
    while True:
        outcome = reader.harvest(number)
        if outcome is not None:
            return outcome
        submission = find_submission(reader.sweep_dir, number, attempt)
        alive: bool | None = submission is not None and poll(submission)
        if submission is not None:
            outcome = outcome_of_submission(submission, reader)
            if outcome is not None:
                return outcome
        folder = reader.default_folder(number)
        if alive is None:
            assert submission is not None
            return cancelled(f"the scheduler reports job {submission.id} as cancelled", folder=folder)
        if not alive:
            again = reader.harvest(number)  # written between the look and the question
            return again or lost("the sweep ended while this job ran, and it left no result", folder=folder)
        if not waiting:
            waiting = True
            assert submission is not None
            log.info("trial %d still runs as job %s; waiting for it", number, submission.id)
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
        log.debug("%s is no submission of a sweep (%s)", path, error)
        return None
    mark = f"{ATTEMPT_VARIABLE}="
    attempts = [int(text.rpartition("=")[2].strip("'")) for text in overrides if mark in text]
    return Submission(path.name.removesuffix("_submitted.pkl"), number, attempts[0] if attempts else 1, path.parent)
