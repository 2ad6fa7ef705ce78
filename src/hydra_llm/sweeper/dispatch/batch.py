"""One launch() for all jobs of a batch: what Hydra's launchers are made for, and the only reproducible order.

launch() is synchronous and all or nothing; when it raises, the results that finished jobs wrote down count. Of the
others the one that ended the launch is LOST, or FAILED if the task itself did it; the rest run again (blame.py).
"""

from __future__ import annotations

from collections.abc import Callable

from hydra.plugins.launcher import Launcher

from hydra_llm.sweeper.dispatch.base import Dispatch, Ended, Launch
from hydra_llm.sweeper.dispatch.blame import after_end
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.signals import Interruptible


class BatchDispatch(Dispatch):
    """One launch() per run of consecutive numbers. `restore_log` gives the sweep its own log back, which a launcher
    does only after a job that returns.
    """

    def __init__(
        self,
        launcher: Launcher,
        reader: Reader,
        n_slots: int,
        *,
        signals: Interruptible,
        restore_log: Callable[[], None],
    ) -> None:
        super().__init__(reader, n_slots)
        self._launcher = launcher
        self._signals = signals
        self._restore_log = restore_log

    @property
    def free_slots(self) -> list[int]:
        """All or none: a batch is launched whole."""
        return [] if self.running else list(range(self._n_slots))

    def _begin(self, launches: list[Launch]) -> None:
        """A batch begins when somebody waits for it."""

    def wait(self, timeout_s: float) -> dict[int, Ended]:
        """Launch, and return when all jobs ended. A signal's KeyboardInterrupt passes; a resume finds what finished."""
        outcomes: dict[int, Ended] = {}
        for batch in consecutive(list(self.running.values())):
            outcomes |= self._launch(batch)
        self.running = {}
        return outcomes

    def _launch(self, batch: list[Launch]) -> dict[int, Ended]:
        numbers = [launch.number for launch in batch]
        try:
            result = self._launcher.launch([launch.overrides for launch in batch], initial_job_idx=numbers[0])
        except BaseException as error:  # whatever a launcher or a task raises: finished jobs must not be lost with it
            self._restore_log()
            self._signals.check()
            return self._outcomes(numbers, error)
        return self._outcomes(numbers, result)

    def _after_error(self, numbers: list[int], error: BaseException) -> dict[int, Ended]:
        return after_end(self._reader, numbers, error)


def consecutive(launches: list[Launch]) -> list[list[Launch]]:
    """Launches split where their numbers have gaps: a launcher numbers the jobs of one call without any."""
    batches: list[list[Launch]] = []
    for launch in sorted(launches, key=lambda item: item.number):
        if batches and batches[-1][-1].number + 1 == launch.number:
            batches[-1].append(launch)
        else:
            batches.append([launch])
    return batches
