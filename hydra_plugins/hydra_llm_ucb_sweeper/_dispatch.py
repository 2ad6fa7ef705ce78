"""Running a batch through the configured launcher, and what came of each job.

launch() is synchronous and all or nothing; when it raises, the results that finished jobs journaled are harvested, and
the others are LOST.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from hydra_llm.search.objective import Objective
from hydra_llm.search.outcome import Outcome, error_of, from_result
from hydra_llm.search.trial import TrialError, TrialState
from hydra_plugins.hydra_llm_ucb_sweeper._journal import RESULT_NAME

log = logging.getLogger(__name__)

Job = tuple[int, list[str]]  # number, overrides


class BatchDispatch:
    """One launch() per run of consecutive numbers. `returns` collects the batches of JobReturn for the caller of
    sweep().
    """

    def __init__(self, launcher: Launcher, objective: Objective, sweep_dir: Path) -> None:
        self._launcher = launcher
        self._objective = objective
        self._sweep_dir = sweep_dir
        self.returns: list[Sequence[JobReturn]] = []

    def run(self, jobs: list[Job]) -> dict[int, Outcome]:
        """Outcomes by number. A KeyboardInterrupt passes; what finished before it is on disk and found on resume."""
        outcomes: dict[int, Outcome] = {}
        for batch in consecutive(jobs):
            for number, _ in batch:
                self._discard_stale(number)
            outcomes |= self._launch(batch)
        return outcomes

    def _launch(self, batch: list[Job]) -> dict[int, Outcome]:
        numbers = [number for number, _ in batch]
        try:
            results = self._launcher.launch([overrides for _, overrides in batch], initial_job_idx=numbers[0])
        except SystemExit as error:  # run_job lets it pass; with the basic launcher it would end the sweep
            return self._after_exit(numbers, error)
        except Exception as error:  # whatever a launcher raises: the finished jobs must not be lost with it
            log.warning("The launcher failed (%s: %s); collecting what was finished.", type(error).__name__, error)
            reason = f"the launcher failed: {type(error).__name__}: {error}"
            return {number: self.harvest(number) or lost(reason) for number in numbers}
        self.returns.append(results)
        outcomes = {}
        for position, number in enumerate(numbers):
            result = results[position] if position < len(results) else None
            outcomes[number] = self._read(result, number)
        return outcomes

    def _after_exit(self, numbers: list[int], error: SystemExit) -> dict[int, Outcome]:
        """The first job without a result called sys.exit; those after it never started."""
        outcomes: dict[int, Outcome] = {}
        culprit = False
        for number in numbers:
            harvested = self.harvest(number)
            if harvested is not None:
                outcomes[number] = harvested
            elif not culprit:
                culprit = True
                message = f"the task ended its process with exit code {error.code}"
                outcomes[number] = Outcome(TrialState.FAILED, error=TrialError("SystemExit", message))
            else:
                outcomes[number] = lost("an earlier job of the batch ended the process")
        return outcomes

    def _read(self, result: JobReturn | None, number: int) -> Outcome:
        if result is None or result.status is JobStatus.UNKNOWN:
            return self.harvest(number) or lost("the launcher returned no result for this job")
        folder = str(result.hydra_cfg.hydra.runtime.output_dir) if result.hydra_cfg is not None else ""
        journal = read_journal(Path(folder)) if folder else None
        times: dict[str, Any] = {key: (journal or {}).get(key) for key in ("started", "ended")}
        if result.status is JobStatus.FAILED:
            error = result._return_value  # the exception itself; `return_value` would raise it
            state = TrialState.TIMEOUT if _is_timeout(error) else TrialState.FAILED
            described = error_of(error) if isinstance(error, BaseException) else TrialError("FAILED", str(error))
            return Outcome(state, error=described, folder=folder, **times)
        return from_result(result.return_value, self._objective, folder=folder, **times)

    # ---- the journal ----
    def folder_of(self, number: int) -> Path | None:
        """The folder whose journal carries this number: <sweep>/<number>, else wherever hydra.sweep.subdir put it."""
        direct = self._sweep_dir / str(number)
        if (direct / RESULT_NAME).exists():
            return direct
        for path in self._sweep_dir.glob(f"*/{RESULT_NAME}"):
            if (read_journal(path.parent) or {}).get("number") == number:
                return path.parent
        return None

    def harvest(self, number: int) -> Outcome | None:
        """The outcome that the job itself wrote down, None if it wrote none."""
        folder = self.folder_of(number)
        record = read_journal(folder) if folder is not None else None
        if record is None or folder is None:
            return None
        circumstances: dict[str, Any] = {
            "folder": str(folder),
            "started": record.get("started"),
            "ended": record.get("ended"),
        }
        if "error" in record:
            return Outcome(TrialState.FAILED, error=TrialError(**record["error"]), **circumstances)
        return from_result(record.get("result"), self._objective, **circumstances)

    def _discard_stale(self, number: int) -> None:
        """A result of an earlier attempt must not be taken for one of this launch."""
        folder = self.folder_of(number)
        if folder is not None:
            (folder / RESULT_NAME).unlink(missing_ok=True)


def consecutive(jobs: list[Job]) -> list[list[Job]]:
    """Jobs split where their numbers have gaps: a launcher numbers the jobs of one call without any."""
    batches: list[list[Job]] = []
    for job in sorted(jobs, key=lambda item: item[0]):
        if batches and batches[-1][-1][0] + 1 == job[0]:
            batches[-1].append(job)
        else:
            batches.append([job])
    return batches


def read_journal(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / RESULT_NAME).read_text())
    except (OSError, ValueError):
        return None


def lost(reason: str) -> Outcome:
    return Outcome(TrialState.LOST, error=TrialError("LOST", reason))


def _is_timeout(error: Any) -> bool:
    return type(error).__name__ == "UncompletedJobError" and "timed-out" in str(error)
