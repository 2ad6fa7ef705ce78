"""What SLURM says of a job. squeue knows jobs in the queue, scontrol remembers ended ones for some minutes, sacct for
long where there is an accounting database; many small clusters have none.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from enum import StrEnum

log = logging.getLogger(__name__)

IN_QUEUE = (
    *("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"),
    *("REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESIZING", "RESV_DEL_HOLD"),
)
QUERY_S = 20.0  # limit of one question
FORGOTTEN = "Invalid job id"  # an answer: the controller speaks, and has no such job
UNREACHABLE = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Connection refused|Communication connection failure"
    r"|Zero Bytes were transmitted|Slurm temporarily unable|Slurm controller in standby",
    re.IGNORECASE,
)


class JobState(StrEnum):
    """What became of a job, as far as its scheduler can tell."""

    IN_QUEUE = "in queue"  # waiting, running, or about to run again
    ENDED = "ended"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the scheduler does not answer at present

    @property
    def is_gone(self) -> bool:
        return self in (JobState.ENDED, JobState.CANCELLED)


def job_state(job: str) -> JobState:
    """The state of a job id (`17`, or `17_3` in an array)."""
    answered = False
    for state in (_squeue(job), _scontrol(job)):
        if state is not None:
            answered = True
            if state:
                return _job_state_of(state)
    accounted = _sacct(job)
    if accounted:
        return _job_state_of(accounted)
    return JobState.ENDED if answered else JobState.UNKNOWN


def has_accounting() -> bool:
    """Whether sacct works here. Without it submitit never learns that a job died, and waits for ever."""
    return _ask(["sacct", "-n", "-X", "-o", "JobID", "-S", "now"]) is not None


def is_unreachable(message: str) -> bool:
    """Whether an error of sbatch, squeue or their kin says that the controller is away for a while."""
    return UNREACHABLE.search(message) is not None


def _job_state_of(state: str) -> JobState:
    word = state.split()[0].rstrip("+")  # CANCELLED by 1000, CANCELLED+
    if word == "CANCELLED":
        return JobState.CANCELLED
    return JobState.IN_QUEUE if word in IN_QUEUE else JobState.ENDED


def _squeue(job: str) -> str | None:
    """The state, "" when the queue does not hold the job, None without an answer."""
    return _first_line(_ask(["squeue", "-h", "-o", "%T", "-j", job]))


def _scontrol(job: str) -> str | None:
    shown = _ask(["scontrol", "show", "job", "-o", job])
    if shown is None:
        return None
    found = re.search(r"\bJobState=(\S+)", shown)
    return found.group(1) if found else ""


def _sacct(job: str) -> str | None:
    return _first_line(_ask(["sacct", "-n", "-P", "-X", "-o", "State", "-j", job]))


def _ask(words: list[str]) -> str | None:
    """Standard output of a client; "" when it says that there is no such job; None when it cannot answer."""
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=QUERY_S, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return None
    if done.returncode == 0:
        return done.stdout
    return "" if FORGOTTEN in done.stderr else None


def _first_line(text: str | None) -> str | None:
    return None if text is None else (text.strip().splitlines() or [""])[0].strip()
