"""What becomes of a job that was told to stop."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hydra_llm import job
from hydra_llm.job import Report
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState


def mark_pruned(outcome: Outcome, pruning: Pruning) -> Outcome:
    """PRUNED, with the reason, for a job that was told to stop and ended; any other outcome as it is."""
    stop = job.read_stop(Path(outcome.folder)) if outcome.folder else None
    if stop is None or not _ended_in_order(outcome):
        return outcome
    error = TrialError("Pruned", str(stop["reason"]))
    return replace(outcome, state=TrialState.PRUNED, value=_kept(outcome, pruning), error=error)


def _ended_in_order(outcome: Outcome) -> bool:
    if outcome.state is TrialState.FAILED:
        return outcome.error is not None and outcome.error.type == job.Stopped.__name__
    return outcome.state in (TrialState.COMPLETED, TrialState.INVALID)


def _kept(outcome: Outcome, pruning: Pruning) -> float | None:
    if pruning.kept == "nothing":
        return None
    if pruning.kept == "last":
        last = _last_finite(job.read_reports(Path(outcome.folder)))
        if last is not None:
            return last
    return outcome.value


def _last_finite(reports: Iterable[Report]) -> float | None:
    return next((item.value for item in reversed(list(reports)) if math.isfinite(item.value)), None)
