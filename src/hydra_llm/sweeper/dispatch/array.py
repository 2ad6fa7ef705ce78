"""One launch() for all jobs of a batch over a scheduler: one array of jobs, which outlives the sweeper.

As with every batch, the next one waits for the slowest job. The wait is in a thread, because launch() does not return
when the scheduler forgets a job, and raises when one of them was killed.
"""

from __future__ import annotations

from typing import Any

from hydra_llm.sweeper.dispatch.base import Ended, Launch
from hydra_llm.sweeper.dispatch.batch import consecutive
from hydra_llm.sweeper.dispatch.thread import ThreadDispatch


class ArrayDispatch(ThreadDispatch):
    """Arguments as ThreadDispatch."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held: dict[int, Ended] = {}  # of jobs whose batch still runs

    @property
    def free_slots(self) -> list[int]:
        """All or none: a batch is launched and recorded as a whole."""
        return [] if self.running or self._held else list(range(self._n_slots))

    def _begin(self, launches: list[Launch]) -> None:
        for batch in consecutive(launches):
            self._launch_aside(batch, f"llm_ucb trials {batch[0].number} to {batch[-1].number}")

    def wait(self, timeout_s: float) -> dict[int, Ended]:
        """Outcomes of the whole batch, in order of number; {} while one of its jobs runs."""
        self._held.update(super().wait(timeout_s))
        if self.running:
            return {}
        outcomes = dict(sorted(self._held.items()))
        self._held.clear()
        return outcomes
