"""What a dispatch is: it puts jobs into slots and hands back how they ended.

One loop serves all of them. A dispatch with several free slots takes one job for each; `wait` returns whatever ended
meanwhile, so that a slot is filled again while the others still work. The variants:

  _dispatch_batch.py    one launch() for all slots, which are free again together
  _dispatch_array.py    the same over a scheduler, whose jobs outlive the sweeper: one array of jobs
  _dispatch_fork.py     a forked driver per slot, for launchers that work in the sweeper's own process or its children
  _dispatch_thread.py   a thread per job, for launchers that hand the job to somebody else
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.utils import JobReturn

from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.sweeper.dispatch.reader import Reader


@dataclass(frozen=True)
class Job:
    """A trial on its way: Hydra's job number, the slot it runs in, all its overrides, the how-manieth launch it is."""

    number: int
    slot: int
    overrides: list[str]
    attempt: int = 1


class Dispatch(ABC):
    """`running` maps a slot to its job. `survives` tells whether jobs go on when the sweeper's process ends."""

    survives = False

    def __init__(self, reader: Reader, n_slots: int) -> None:
        self._reader = reader
        self._n_slots = n_slots
        self.running: dict[int, Job] = {}
        self._returned: dict[int, Sequence[JobReturn]] = {}

    @property
    def free_slots(self) -> list[int]:
        return [slot for slot in range(self._n_slots) if slot not in self.running]

    @property
    def returns(self) -> list[Sequence[JobReturn]]:
        """What launch() returned, in order of number: the answer of sweep()."""
        return [self._returned[number] for number in sorted(self._returned)]

    def start(self, jobs: list[Job]) -> None:
        """Occupy one free slot per job. A result that an earlier attempt left behind is removed first."""
        free = self.free_slots
        for job in jobs:
            if job.slot not in free:
                raise ValueError(f"Slot {job.slot} is not free; free are {free}.")
            free.remove(job.slot)
            self._reader.discard_stale(job.number)
            self.running[job.slot] = job
        self._begin(jobs)

    @abstractmethod
    def _begin(self, jobs: list[Job]) -> None: ...

    @abstractmethod
    def wait(self, timeout_s: float) -> dict[int, Outcome]:
        """Outcomes by number of the jobs that ended; {} after `timeout_s` seconds without any."""

    def close(self) -> None:  # noqa: B027  # most dispatches have nothing to give back
        """Give processes back; running jobs die with them unless they survive."""
