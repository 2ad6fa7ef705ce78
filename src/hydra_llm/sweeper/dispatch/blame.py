"""Which job of a batch ended its launch: launch() raises once for all of them, and the others are not to blame.

A job that leaves by SystemExit or KeyboardInterrupt says so in its folder (job/marked_end.py). A job that is killed
cannot; it is known where it is the only one that began and left no result. Launchers with several processes take the
running siblings of a killed job along, and then nobody can tell: each runs again alone, and who dies alone did it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hydra_llm.search.trial.outcome import Outcome, lost
from hydra_llm.search.trial.trial import TrialError, TrialState
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.job.marked_end import ENDED_BY

EXIT = "the task ended its process with exit code {}"
INTERRUPT = "the task raised it, and nobody interrupted the sweep"


@dataclass(frozen=True)
class PutBack:
    """A job without a result that is not to blame for it: it runs again, `alone` where nobody knows who is."""

    reason: str
    alone: bool = False


def after_end(reader: Reader, numbers: Sequence[int], error: BaseException) -> dict[int, Outcome | PutBack]:
    """What became of the jobs of one launch() that raised: results that were written down count, one job is charged
    with the end if it is known, and the others are put back.
    """
    recorded = {number: reader.read_recorded_outcome(number) for number in numbers}
    left = [number for number in numbers if recorded[number] is None]
    guilty = culprit(reader, left)
    found: dict[int, Outcome | PutBack] = {}
    for number in numbers:
        outcome = recorded[number]
        if outcome is not None:
            found[number] = outcome
        elif number == guilty:
            found[number] = ended_by(reader, number, error)
        elif guilty is not None:
            found[number] = PutBack(f"trial {guilty} of the same batch ended their launch")
        else:
            names = ", ".join(map(str, left))
            found[number] = PutBack(f"one of the trials {names} ended their launch, and it is not known which", True)
    return found


def culprit(reader: Reader, left: Sequence[int]) -> int | None:
    """The job that ended the launch, among those without a result; None where that cannot be known."""
    began = {number: record for number in left if (record := reader.started(number)) is not None}
    for suspects in ([number for number, record in began.items() if ENDED_BY in record], list(began), list(left)):
        if len(suspects) == 1:
            return suspects[0]
        if suspects:
            return None
    return None


def ended_by(reader: Reader, number: int, error: BaseException) -> Outcome:
    """Of the job that ended its launch with this error: FAILED if it wanted to, else LOST."""
    folder = reader.default_folder(number)
    if isinstance(error, SystemExit):
        return Outcome(TrialState.FAILED, error=TrialError("SystemExit", EXIT.format(error.code)), folder=folder)
    if isinstance(error, KeyboardInterrupt):
        return Outcome(TrialState.FAILED, error=TrialError("KeyboardInterrupt", INTERRUPT), folder=folder)
    return lost(f"the launcher failed: {type(error).__name__}: {error}", folder=folder)
