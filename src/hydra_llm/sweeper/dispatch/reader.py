"""From what a launch left behind to an outcome: a JobReturn, or the result that the job itself wrote down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import Outcome, cancelled, error_of, from_result, lost, timed_out
from hydra_llm.search.trial.trial import TrialError, TrialState
from hydra_llm.sweeper.job.result_recorder import RESULT_NAME, STARTED_NAME

CANCELLED_WORDS = ("CANCELLED", "was cancelled")


class Reader:
    """`scattered` tells that folders of jobs do not carry their number, so that a result has to be looked for."""

    def __init__(self, objective: Objective | Objectives, sweep_dir: Path, *, scattered: bool = False) -> None:
        self.objective = objective
        self.sweep_dir = sweep_dir
        self._scattered = scattered

    # ---- what launch() returned ----
    def read(self, result: JobReturn | None, number: int) -> Outcome:
        if result is None or result.status is JobStatus.UNKNOWN:
            return self.recorded_or_lost(number, "the launcher returned no result for this job")
        folder = str(result.hydra_cfg.hydra.runtime.output_dir) if result.hydra_cfg is not None else ""
        record = _load(Path(folder) / RESULT_NAME) if folder else None
        times: dict[str, Any] = {key: (record or {}).get(key) for key in ("started", "ended")}
        if result.status is JobStatus.FAILED:
            error = result._return_value  # the exception itself; `return_value` would raise it
            if record is not None and "error" in record:  # an exception that came over a pipe has lost its traceback
                described = TrialError(**record["error"])
            elif isinstance(error, BaseException):
                described = error_of(error)
            else:
                described = TrialError("FAILED", f"the job failed without an exception: {error!r}")
            return Outcome(state_of_error(error), error=described, folder=folder, **times)
        return from_result(result.return_value, self.objective, folder=folder, **times)

    def after_error(self, error: BaseException, number: int) -> Outcome:
        """launch() raised: the job's own record counts; without one it was cancelled or LOST."""
        if any(word in str(error) for word in CANCELLED_WORDS):
            return self.read_recorded_outcome(number) or cancelled(
                f"the scheduler reports it cancelled: {error}", folder=self.default_folder(number)
            )
        return self.recorded_or_lost(number, f"the launcher failed: {type(error).__name__}: {error}")

    # ---- what the job wrote ----
    def recorded_or_lost(self, number: int, reason: str) -> Outcome:
        """What the job itself wrote down; without that it is LOST, for the reason given."""
        return self.read_recorded_outcome(number) or lost(reason, folder=self.default_folder(number))

    def read_recorded_outcome(self, number: int) -> Outcome | None:
        """The outcome that the job itself wrote down, None if it wrote none."""
        path = self._find(number, RESULT_NAME)
        record = _load(path) if path is not None else None
        if record is None or path is None:
            return None
        circumstances: dict[str, Any] = {
            "folder": str(path.parent),
            "started": record.get("started"),
            "ended": record.get("ended"),
        }
        if record.get("status") == TrialState.TIMEOUT:
            return timed_out(float(record["limit_s"]), **circumstances)
        if "error" in record:
            return Outcome(TrialState.FAILED, error=TrialError(**record["error"]), **circumstances)
        return from_result(record.get("result"), self.objective, **circumstances)

    def started(self, number: int) -> dict[str, Any] | None:
        """{number, attempt, time, host, pid, ...} of a job that began and has not ended, None otherwise."""
        path = self._find(number, STARTED_NAME)
        return _load(path) if path is not None else None

    def default_folder(self, number: int) -> str:
        """The folder <sweep>/<number> if it is there: where logs of a job without a result are."""
        path = self.sweep_dir / str(number)
        return str(path) if path.is_dir() else ""

    def discard_stale(self, number: int) -> None:
        """What an earlier attempt wrote must not be taken for this launch's."""
        for name in (RESULT_NAME, STARTED_NAME):
            path = self._find(number, name)
            if path is not None:
                path.unlink(missing_ok=True)

    def _find(self, number: int, name: str) -> Path | None:
        """<sweep>/<number>/<name>, else wherever hydra.sweep.subdir put it."""
        direct = self.sweep_dir / str(number) / name
        if direct.exists():
            return direct
        if self._scattered:
            for path in self.sweep_dir.rglob(name):
                if (_load(path) or {}).get("number") == number:
                    return path
        return None


def state_of_error(error: Any) -> TrialState:
    """submitit reports a time limit and a cancelled job as exceptions of the job."""
    if type(error).__name__ == "UncompletedJobError" and "timed-out" in str(error):
        return TrialState.TIMEOUT
    return TrialState.FAILED


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
