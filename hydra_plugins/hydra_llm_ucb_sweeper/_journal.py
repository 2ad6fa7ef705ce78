"""The result journal: every job writes its own result to its folder, in the process where it ran.

launch() of a Hydra launcher is all or nothing: when one job is killed, the results of its finished siblings never
reach the sweeper. This callback travels with the job, so they reach the disk. It is pickled by reference and imports
nothing heavy.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

RESULT_NAME = "result.json"
ATTEMPT_VARIABLE = "HYDRA_LLM_ATTEMPT"
TAIL_CHARACTERS = 3000


class ResultJournal(Callback):
    """Writes <output_dir>/result.json aside and renames it; a reader never sees half of it."""

    def __init__(self) -> None:
        self._started: float | None = None

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        self._started = time.time()

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        folder = Path(config.hydra.runtime.output_dir)
        record: dict[str, Any] = {
            "number": int(OmegaConf.select(config, "hydra.job.num", default=-1)),
            "attempt": int(OmegaConf.select(config, f"hydra.job.env_set.{ATTEMPT_VARIABLE}", default=1)),
            "started": self._started,
            "ended": time.time(),
            "status": job_return.status.name,
        }
        if job_return.status is JobStatus.FAILED:
            record["error"] = describe_error(job_return._return_value)
        else:
            record["result"] = to_plain(job_return._return_value)
        aside = folder / f".{RESULT_NAME}.{os.getpid()}"
        aside.write_text(json.dumps(record))
        aside.replace(folder / RESULT_NAME)


def describe_error(error: Any) -> dict[str, str]:
    """Type, message and traceback tail of an exception."""
    text = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else str(error)
    return {"type": type(error).__name__, "message": str(error), "traceback": text[-TAIL_CHARACTERS:]}


def to_plain(result: Any) -> Any:
    """A task's return value as JSON: numbers, mappings and sequences as they are, anything else as its type's name."""
    if result is None or isinstance(result, bool | int | float | str):
        return result
    if isinstance(result, dict):
        return {str(key): to_plain(item) for key, item in result.items()}
    if isinstance(result, list | tuple):
        return [to_plain(item) for item in result]
    if getattr(result, "ndim", None) == 0 and hasattr(result, "__float__"):
        return float(result)
    return f"<{type(result).__name__}>"
