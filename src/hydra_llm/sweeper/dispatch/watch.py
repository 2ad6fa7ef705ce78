"""Jobs that a scheduler has ended and that left no result.

submitit asks sacct, and without an accounting database it waits for ever for a job that was killed. The sweeper asks
squeue and scontrol itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.scheduler import Submission, Submissions, outcome_of_gone, state_of_submission
from hydra_llm.sweeper.dispatch.slurm import JobState

INTERVAL_S = 10.0  # between two rounds of questions
PATIENCE_S = 20.0  # a requeued job is in no queue for a moment, and a result needs time to cross a file system


class SchedulerWatch:
    """`poll` answers as `state_of_submission`."""

    def __init__(
        self,
        reader: Reader,
        poll: Callable[[Submission], JobState] = state_of_submission,
        *,
        interval_s: float = INTERVAL_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._reader = reader
        self._poll = poll
        self._interval_s, self._patience_s = interval_s, patience_s
        self._submissions = Submissions(reader.sweep_dir)
        self._looked = float("-inf")
        self._missing_since: dict[int, float] = {}  # number -> since when no queue holds it

    def look(self, launches: Iterable[Launch]) -> dict[int, Outcome]:
        """Outcomes of the running jobs that need not be waited for any longer; {} between two rounds."""
        now = time.monotonic()
        if now - self._looked < self._interval_s:
            return {}
        self._looked = now
        outcomes = {launch.number: self._look_at(launch, now) for launch in launches}
        return {number: outcome for number, outcome in outcomes.items() if outcome is not None}

    def _look_at(self, launch: Launch, now: float) -> Outcome | None:
        number = launch.number
        submission = self._submissions.find(number, launch.attempt)
        state = JobState.UNKNOWN if submission is None else self._poll(submission)
        if submission is None or not state.is_gone:
            self._missing_since.pop(number, None)
            return None
        if now - self._missing_since.setdefault(number, now) < self._patience_s:
            return None
        del self._missing_since[number]
        reason = f"job {submission.id} left the queue without a result: killed, or out of memory"
        return outcome_of_gone(submission, state, self._reader, number, reason)
