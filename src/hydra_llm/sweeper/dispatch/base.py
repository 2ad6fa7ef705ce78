"""What a dispatch is: it puts jobs into slots and hands back how they ended.

One loop serves all of them. A dispatch with several free slots takes one launch for each; `wait` returns whatever ended
meanwhile, so that a slot is filled again while the others still work. The variants:

  batch.py    one launch() for all slots, which are free again together
  array.py    the same over a scheduler, whose jobs outlive the sweeper: one array of jobs
  fork.py     a forked driver per slot, for launchers that work in the sweeper's own process or its children
  thread.py   a thread per job, for launchers that hand the job to somebody else
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.utils import JobReturn
from omegaconf import OmegaConf

from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.sweeper.dispatch.blame import PutBack, after_end
from hydra_llm.sweeper.dispatch.reader import Reader

log = logging.getLogger(__name__)

Ended = Outcome | PutBack  # of a job: how it ended, or that it is to run again through no fault of its own


@dataclass(frozen=True)
class Launch:
    """A trial on its way: its number, which is Hydra's job number, the slot it runs in, all its overrides, and the
    attempt (from 1).
    """

    number: int
    slot: int
    overrides: list[str]
    attempt: int = 1


class Dispatch(ABC):
    """`running` maps a slot to its launch. `survives` tells whether jobs go on when the sweeper's process ends."""

    survives = False

    def __init__(self, reader: Reader, n_slots: int) -> None:
        self._reader = reader
        self._n_slots = n_slots
        self.running: dict[int, Launch] = {}
        self._returned: dict[int, Sequence[JobReturn]] = {}

    @property
    def free_slots(self) -> list[int]:
        return [slot for slot in range(self._n_slots) if slot not in self.running]

    @property
    def returns(self) -> list[Sequence[JobReturn]]:
        """What launch() returned, in order of number: the answer of sweep()."""
        return [self._returned[number] for number in sorted(self._returned)]

    def start(self, launches: list[Launch]) -> None:
        """Occupy one free slot per launch. A result that an earlier attempt left behind is removed first.

        Raises ValueError for a slot that is taken.
        """
        free = self.free_slots
        for launch in launches:
            if launch.slot not in free:
                raise ValueError(f"A launch needs a free slot ({free}), got slot {launch.slot}.")
            free.remove(launch.slot)
            self._reader.discard_stale(launch.number)
            self.running[launch.slot] = launch
        self._begin(launches)

    @abstractmethod
    def _begin(self, launches: list[Launch]) -> None: ...

    @abstractmethod
    def wait(self, timeout_s: float) -> dict[int, Ended]:
        """Ends by number of the jobs that ended; {} after `timeout_s` seconds without any."""

    def close(self) -> None:  # noqa: B027  # most dispatches have nothing to give back
        """Give processes back; running jobs die with them unless they survive."""

    def _outcomes(self, numbers: list[int], result: Sequence[JobReturn] | BaseException) -> dict[int, Ended]:
        """Of one launch() by what it returned, or raised: then the jobs that wrote their end down still count."""
        if isinstance(result, BaseException):  # a signal's KeyboardInterrupt ends the sweep and does not come here
            names = ", ".join(map(str, numbers))
            if not isinstance(result, SystemExit | KeyboardInterrupt):  # run_job lets these pass
                log.warning("The launcher failed for trial %s (%s: %s).", names, type(result).__name__, result)
            return self._after_error(numbers, result)
        self._returned[numbers[0]] = result
        returned = by_number(numbers, result)
        return {number: self._reader.read(returned.get(number), number) for number in numbers}

    def _after_error(self, numbers: list[int], error: BaseException) -> dict[int, Ended]:
        """launch() raised, and its jobs were alone or in processes of their own, which know nothing of each other."""
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return after_end(self._reader, numbers, error)
        return {number: self._reader.after_error(error, number) for number in numbers}


def by_number(numbers: Sequence[int], returned: Sequence[JobReturn]) -> dict[int, JobReturn]:
    """What came back of each job: by the number that it ran under, else by its place in the list."""
    found: dict[int, JobReturn] = {}
    for place, job_return in enumerate(returned):
        own = None if job_return.hydra_cfg is None else OmegaConf.select(job_return.hydra_cfg, "hydra.job.num")
        number = own if own in numbers else numbers[place] if place < len(numbers) else None
        if number is not None:
            found[number] = job_return
    return found
