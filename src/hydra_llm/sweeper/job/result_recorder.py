"""The result recorder: every job writes its own result to its folder, in the process where it ran.

launch() of a Hydra launcher is all or nothing: when one job is killed, the results of its finished siblings never
reach the sweeper. This callback travels with the job, so they reach the disk. It is pickled by reference and imports
nothing heavy.

While a job runs its folder holds started.json, with host, process (and whether it is the sweeper's) and the id of the
scheduler; when it ends, result.json.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from hydra_llm.atomic_write import write_json
from hydra_llm.search.trial.objective import MOST_LEVELS, number_of
from hydra_llm.search.trial.objectives import listed
from hydra_llm.search.trial.outcome import error_of

RESULT_NAME = "result.json"
STARTED_NAME = "started.json"
ATTEMPT_VARIABLE = "HYDRA_LLM_ATTEMPT"
SCHEDULER_VARIABLES = ("SLURM_JOB_ID", "SUBMITIT_LOCAL_JOB_ID")


class ResultRecorder(Callback):
    """Writes both files aside and renames them; a reader never sees half of one.

    With `limit_s` the job stops itself: a timer writes TIMEOUT as its result and kills its process. Only for jobs that
    have a process of their own, where no driver of ours can watch them.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self._sweeper = (socket.gethostname(), os.getpid())  # where this object was made
        self._started: float | None = None
        self._begun = 0.0
        self._timer: threading.Timer | None = None

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        self._started, self._begun = time.time(), time.monotonic()
        folder = Path(config.hydra.runtime.output_dir)
        record = {**_identity(config), "time": self._started, "host": socket.gethostname(), "pid": os.getpid()}
        record["in_sweeper"] = self._sweeper == (record["host"], record["pid"])
        record |= {name: os.environ[name] for name in SCHEDULER_VARIABLES if name in os.environ}
        write_json(folder / STARTED_NAME, record)
        if self.limit_s is not None:
            self._timer = threading.Timer(self.limit_s, self._expire, (folder, _identity(config), self.limit_s))
            self._timer.daemon = True
            self._timer.start()

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        folder = Path(config.hydra.runtime.output_dir)
        record: dict[str, Any] = {**self._times(config), "status": job_return.status.name}
        if job_return.status is JobStatus.FAILED:
            record["error"] = asdict(error_of(job_return._return_value))
        else:
            record["result"] = to_plain(job_return._return_value)
        write_json(folder / RESULT_NAME, record)
        (folder / STARTED_NAME).unlink(missing_ok=True)

    def _times(self, config: DictConfig) -> dict[str, Any]:
        return {**_identity(config), "started": self._started, "ended": self._now()}

    def _now(self) -> float:
        """Since the epoch, and never before the start: the clock on the wall may be set while a job runs."""
        return time.time() if self._started is None else self._started + time.monotonic() - self._begun

    def _expire(self, folder: Path, identity: dict[str, int], limit_s: float) -> None:
        record = {**identity, "started": self._started, "ended": self._now(), "status": "TIMEOUT", "limit_s": limit_s}
        write_json(folder / RESULT_NAME, record)
        _kill_children()
        os.kill(os.getpid(), signal.SIGKILL)


def to_plain(result: Any, above: tuple[int, ...] = ()) -> Any:
    """A task's return value as JSON: numbers (as `number_of` knows them), texts, mappings and sequences as they are,
    anything else, and what holds itself, as its type's name.
    """
    if result is None or isinstance(result, bool | str):
        return result
    number = number_of(result)
    if number is not None:
        return result if isinstance(result, int) and math.isfinite(number) else number
    result = listed(result)
    if isinstance(result, dict | list | tuple) and id(result) not in above and len(above) <= MOST_LEVELS:
        inner = (*above, id(result))
        if isinstance(result, dict):
            return {str(key): to_plain(item, inner) for key, item in result.items()}
        return [to_plain(item, inner) for item in result]
    return f"<{type(result).__name__}>"


def _identity(config: DictConfig) -> dict[str, int]:
    return {
        "number": int(OmegaConf.select(config, "hydra.job.num", default=-1)),
        "attempt": int(OmegaConf.select(config, f"hydra.job.env_set.{ATTEMPT_VARIABLE}", default=1)),
    }


def _kill_children() -> None:
    """What the job started must not outlive it."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
