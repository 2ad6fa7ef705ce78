"""One launch() for all jobs of a batch: what Hydra's launchers are made for, and the only reproducible order.

launch() is synchronous and all or nothing; when it raises, the results that finished jobs journaled are harvested, and
the others are LOST.
"""

from __future__ import annotations

import logging

from hydra.plugins.launcher import Launcher

from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.sweeper.dispatch.base import Dispatch, Job
from hydra_llm.sweeper.dispatch.reader import Reader, outcome_of_launch_error

log = logging.getLogger(__name__)


class BatchDispatch(Dispatch):
    """One launch() per run of consecutive numbers."""

    def __init__(self, launcher: Launcher, reader: Reader, n_slots: int) -> None:
        super().__init__(reader, n_slots)
        self._launcher = launcher

    @property
    def free_slots(self) -> list[int]:
        """All or none: a batch is launched as it stands."""
        return [] if self.running else list(range(self._n_slots))

    def start(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._reader.discard_stale(job.number)
        self.running = {job.slot: job for job in jobs}

    def _begin(self, jobs: list[Job]) -> None:
        raise NotImplementedError("A batch begins when somebody waits for it.")

    def wait(self, timeout_s: float) -> dict[int, Outcome]:
        """Launch, and return when all jobs ended. A KeyboardInterrupt passes; what finished is found on resume."""
        outcomes: dict[int, Outcome] = {}
        for batch in consecutive(list(self.running.values())):
            outcomes |= self._launch(batch)
        self.running = {}
        return outcomes

    def _launch(self, batch: list[Job]) -> dict[int, Outcome]:
        numbers = [job.number for job in batch]
        try:
            results = self._launcher.launch([job.overrides for job in batch], initial_job_idx=numbers[0])
        except SystemExit as error:  # run_job lets it pass; with the basic launcher it would end the sweep
            return self._reader.after_exit(numbers, error.code)
        except Exception as error:  # whatever a launcher raises: the finished jobs must not be lost with it
            log.warning("The launcher failed (%s: %s); collecting what was finished.", type(error).__name__, error)
            return {number: outcome_of_launch_error(error, self._reader, number) for number in numbers}
        self._returned[numbers[0]] = results
        return {
            number: self._reader.read(results[i] if i < len(results) else None, number)
            for i, number in enumerate(numbers)
        }


def consecutive(jobs: list[Job]) -> list[list[Job]]:
    """Jobs split where their numbers have gaps: a launcher numbers the jobs of one call without any."""
    batches: list[list[Job]] = []
    for job in sorted(jobs, key=lambda item: item.number):
        if batches and batches[-1][-1].number + 1 == job.number:
            batches[-1].append(job)
        else:
            batches.append([job])
    return batches
