"""What all jobs of a sweep reported, as the limits that the running ones read.

`pruning.json` in the sweep folder is written anew before each launch, so a sweep of one job at a time prunes alike when
it is repeated; with jobs side by side a watcher may write it in between as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra_llm import job
from hydra_llm.atomic_write import write_json
from hydra_llm.search.pruning.intermediate_scores import IntermediateScores
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

COUNTED = (TrialState.COMPLETED, TrialState.PRUNED)


class LimitPublisher:
    """Limits hold within a block: another block is another problem."""

    def __init__(self, pruning: Pruning, objective: Objective, folder: Path) -> None:
        self.pruning = pruning
        self._goal = pruning.goal(objective)
        self._folder = folder
        self._scores: dict[int, IntermediateScores] = {}
        self._learned: set[int] = set()
        self._published: dict[str, Any] | None = None
        self._lock = threading.Lock()
        (folder / job.LIMITS_NAME).unlink(missing_ok=True)  # of an earlier session, maybe under another rule

    @property
    def is_active(self) -> bool:
        return self.pruning.rule is not None or self.pruning.max_minutes is not None

    def learn(self, trials: Iterable[Trial]) -> None:
        """Take in the reports of finished search trials, each once."""
        if self.pruning.rule is None:
            return
        with self._lock:
            for trial in trials:
                if trial.number in self._learned or trial.purpose != "search" or trial.state not in COUNTED:
                    continue
                self._learned.add(trial.number)
                if trial.folder:
                    self._of_block(trial.block).add(job.read_reports(Path(trial.folder)))

    def publish(self, block: int, running: Sequence[Trial]) -> None:
        """Write the limits of a block for the jobs that run. Confirmations and jobs of earlier blocks are exempt."""
        if not self.is_active:
            return
        judged = [trial.number for trial in running if trial.purpose == "search" and trial.block == block]
        with self._lock:
            scores = self._of_block(block)
            if self.pruning.watch_s is not None and len(judged) > 1:
                scores = scores.copy()
                for number in judged:
                    folder = self._running_folder(number)
                    if folder is not None:
                        scores.add(job.read_reports(folder))
            limits = {
                "rule": None if self.pruning.rule is None else self.pruning.rule.name,
                "max_minutes": self.pruning.max_minutes,
                "direction": self._goal.direction,
                "target": self._goal.target,
                "rows": scores.rows(),
                "exempt": sorted({trial.number for trial in running} - set(judged)),
            }
            if limits != self._published:
                write_json(self._folder / job.LIMITS_NAME, limits)
                self._published = limits

    def _of_block(self, block: int) -> IntermediateScores:
        return self._scores.setdefault(block, IntermediateScores(self.pruning, self._goal))

    def _running_folder(self, number: int) -> Path | None:
        """<sweep>/<number>, else the folder whose reports carry the number; None before the job has begun."""
        direct = self._folder / str(number)
        if job.read_number(direct) == number:
            return direct
        found = (path.parent for path in self._folder.glob(f"*/{job.REPORTS_NAME}"))
        elsewhere = (folder for folder in found if not folder.name.isdigit())  # hydra.sweep.subdir may name them freely
        return next((folder for folder in elsewhere if job.read_number(folder) == number), None)
