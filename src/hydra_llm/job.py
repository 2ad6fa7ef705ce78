"""A job's line to its sweep: `report(step, value)` tells how it goes, `should_stop()` asks whether to end.

    for epoch in range(epochs):
        ...
        job.report(epoch, accuracy)
        if job.should_stop():
            break

Both work through files in the job's folder and the sweep's folder, so under every launcher that shares a file system,
and do nothing outside a sweep. The sweep publishes limits per step; the job compares its own reports with them, so
nobody has to interrupt it, and a job between two questions is never disturbed. Standard library only: any application
can import this module. One process of a job reports; in a distributed run that is the first rank.
"""

from __future__ import annotations

import bisect
import json
import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat

from hydra_llm.atomic_write import write_json

REPORTS_NAME = "reports.jsonl"  # in the job's folder: a header, then one line per report
STOP_NAME = "stop.json"  # in the job's folder: why it was stopped; a person may create it empty
LIMITS_NAME = "pruning.json"  # in the sweep's folder: the limits that hold at present
TRIALS_NAME = ".trials"  # in the sweep's folder: a file per job that says which trial it is

# How a job knows that it is one. Subprocesses of the task inherit them.
FOLDER_VARIABLE = "HYDRA_LLM_JOB"
LIMITS_VARIABLE = "HYDRA_LLM_LIMITS"
STARTED_VARIABLE = "HYDRA_LLM_JOB_STARTED"
REQUEUED_VARIABLE = "SLURM_RESTART_COUNT"  # set when the scheduler starts a preempted job again

BY_HAND = "stopped by hand"


SKETCHES = "sketches"  # folder in a trial's own: small figures for who proposes, where trial() asks for them


class Stopped(Exception):
    """For tasks that rather raise than return: a job that was told to stop and raises this ends PRUNED, not FAILED."""


@dataclass(frozen=True)
class Report:
    """`value` is NaN where the task reported something that is no finite number."""

    step: int
    value: float


# ---- what a task calls ----
def report(step: int, value: SupportsFloat) -> None:
    """Record the state of the job after `step` (a whole number that grows). Wrong types raise also outside a sweep."""
    if isinstance(step, bool) or not hasattr(step, "__index__") or int(step) < 0:
        raise ValueError(f"report(step={step!r}, ...): a step is a whole number from 0 on, an epoch for example.")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"report({step}, {value!r}): a number was expected. Report one metric, as a float.") from None
    job = _current()
    if job is not None:
        job.report(Report(int(step), number))


def should_stop() -> bool:
    """Whether this job shall end now. Once true it stays true; return what there is, or raise Stopped."""
    job = _current()
    return job is not None and job.should_stop()


def is_connected() -> bool:
    """Whether a sweep listens."""
    return FOLDER_VARIABLE in os.environ


def trial() -> dict[str, Any] | None:
    """Which trial this job is: sweep, block, trial, parent, mutation, role, strategy, proposer, configuration_id (the
    same for all replicates), values, seeds, goal (metric, direction, target), baseline (mean of the metric so far),
    best (value of the metric so far), sketches (whether somebody looks at small figures, see SKETCHES) and more.
    None outside a sweep, or under another sweeper.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return None
    limits = Path(os.environ.get(LIMITS_VARIABLE) or Path(folder).parent / LIMITS_NAME)
    return _read_json(limits.parent / TRIALS_NAME / f"{read_number(Path(folder))}.json")


def leads(results: Mapping[str, Any]) -> bool:
    """Whether these results of a job are worth figures and the like: in a search, if no trial that had ended when the
    job began has a better value of the metric; in a confirmation and outside a sweep, always.
    """
    known = trial() or {}
    best, goal = known.get("best"), known.get("goal") or {}
    if known.get("purpose") != "search" or best is None:
        return True
    value = results.get(str(goal.get("metric")))
    return isinstance(value, SupportsFloat) and score(float(value), goal) >= score(float(best), goal)


# ---- what the launching side calls, in the process of the job ----
def open_job(folder: Path, number: int, limits: Path, started: float) -> None:
    """Connect the task that is about to run. An earlier attempt's reports go, unless the scheduler requeued the job."""
    if os.environ.get(REQUEUED_VARIABLE, "0") == "0":
        header = {"number": number, "started": started}
        (folder / REPORTS_NAME).write_text(json.dumps(header) + "\n", encoding="utf-8")
        (folder / STOP_NAME).unlink(missing_ok=True)
    os.environ[FOLDER_VARIABLE] = str(folder)
    os.environ[LIMITS_VARIABLE] = str(limits)
    os.environ[STARTED_VARIABLE] = repr(started)


def close_job() -> None:
    for name in (FOLDER_VARIABLE, LIMITS_VARIABLE, STARTED_VARIABLE):
        os.environ.pop(name, None)


# ---- what the sweep reads ----
def read_reports(folder: Path) -> list[Report]:
    """Reports of a job in the order given, [] without any; a line that is being written is left out."""
    return [
        Report(int(line["step"]), math.nan if line.get("value") is None else float(line["value"]))
        for line in _lines(folder / REPORTS_NAME)
        if "step" in line
    ]


def read_number(folder: Path) -> int | None:
    """Which job wrote its reports here."""
    try:
        with (folder / REPORTS_NAME).open(encoding="utf-8") as file:
            return int(json.loads(file.readline())["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_stop(folder: Path) -> dict[str, Any] | None:
    """{rule, reason, step} of a job that asked and was told to stop, None for every other one."""
    found = _read_json(folder / STOP_NAME)
    return found if found is not None and "reason" in found else None


# ---- the connected job ----
class _Job:
    """Reports and limits of one job."""

    def __init__(self, folder: Path, limits: Path, started: float) -> None:
        self._folder = folder
        self._limits_path = limits
        self._started = started
        self._number = read_number(folder)
        self._stamp: tuple[int, int, int] | None = None
        self._limits: Mapping[str, Any] = {}
        self._limit_steps: list[int] = []
        self._best: Report | None = None
        self._step = -1
        self._seen = 0  # reports that best and step take in
        self._reports = read_reports(folder)  # of this job before the scheduler requeued it
        self._stopped = False

    def report(self, item: Report) -> None:
        self._reports.append(item)
        line = {"step": item.step, "value": item.value if math.isfinite(item.value) else None, "time": time.time()}
        with (self._folder / REPORTS_NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def should_stop(self) -> bool:
        if not self._stopped:
            verdict = self._verdict()
            if verdict is not None:
                step = self._reports[-1].step if self._reports else None
                write_json(self._folder / STOP_NAME, {**verdict, "step": step, "time": time.time()})
                self._stopped = True
        return self._stopped

    def _verdict(self) -> dict[str, str] | None:
        if (self._folder / STOP_NAME).exists():
            return {"rule": "hand", "reason": BY_HAND} | (_read_json(self._folder / STOP_NAME) or {})
        limits = self._read_limits()
        if self._number in limits.get("exempt", ()):
            return None
        longest = limits.get("max_minutes")
        minutes = (time.time() - self._started) / 60
        if longest is not None and minutes > longest:
            reason = f"it ran for more than {longest:g} minutes (pruning.max_minutes); make the next one lighter"
            return {"rule": "max_minutes", "reason": reason}
        return self._below_limit(limits)

    def _below_limit(self, limits: Mapping[str, Any]) -> dict[str, str] | None:
        """The best report so far against the limit of the last step that has one."""
        for item in self._reports[self._seen :]:
            self._step = max(self._step, item.step)
            if self._best is None or score(item.value, limits) > score(self._best.value, limits):
                self._best = item
        self._seen = len(self._reports)
        place = bisect.bisect_right(self._limit_steps, self._step)
        if self._best is None or place == 0:
            return None
        row = limits["rows"][place - 1]
        if score(self._best.value, limits) >= row["score"]:
            return None
        best = f"{self._best.value:.6g}" if math.isfinite(self._best.value) else "no finite number"
        reason = f"its best report until step {self._step} was {best}; {row['what']}"
        return {"rule": str(limits.get("rule")), "reason": reason}

    def _read_limits(self) -> Mapping[str, Any]:
        """The published limits, read anew when the file was replaced."""
        try:
            status = self._limits_path.stat()
        except OSError:
            return self._limits
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._limits = _read_json(self._limits_path) or self._limits
            self._limit_steps = [row["step"] for row in self._limits.get("rows", ())]
            self._stamp = stamp
        return self._limits


def score(value: float, goal: Mapping[str, Any]) -> float:
    """Objective.score, once more for jobs, which import the standard library alone; `goal` holds direction and target.
    What is no finite number is the worst.
    """
    if not math.isfinite(value):
        return -math.inf
    if goal.get("direction") == "target":
        return -abs(value - float(goal["target"]))
    return -value if goal.get("direction") == "minimize" else value


_lock = threading.Lock()
_jobs: dict[tuple[str, str], _Job] = {}  # the job of this process, by folder and start


def _current() -> _Job | None:
    folder, started = os.environ.get(FOLDER_VARIABLE), os.environ.get(STARTED_VARIABLE, "")
    if folder is None:
        return None
    with _lock:
        job = _jobs.get((folder, started))
        if job is None:
            _jobs.clear()  # of an earlier job in the same process
            limits = Path(os.environ.get(LIMITS_VARIABLE) or Path(folder).parent / LIMITS_NAME)
            job = _jobs[(folder, started)] = _Job(Path(folder), limits, float(started or time.time()))
        return job


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    found = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue  # torn by a job that was killed while it wrote
        if isinstance(item, dict):
            found.append(item)
    return found


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
