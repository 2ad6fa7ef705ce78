"""A task that says in its folder that it ended its launch, where it leaves by what Hydra lets pass.

Of a batch over several processes the sweeper sees only that one of the jobs did. The wrapper is pickled by reference
and imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import functools
import json
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import TaskFunction

from hydra_llm.atomic_write import write_json
from hydra_llm.sweeper.job.result_recorder import STARTED_NAME

ENDED_BY = "ended_by"


class MarkedEnd:
    """The task, called as before; its started.json then names the exception that it left by."""

    def __init__(self, task: TaskFunction) -> None:
        functools.update_wrapper(self, task)
        self._task = task

    def __call__(self, config: Any) -> Any:
        try:
            return self._task(config)
        except (SystemExit, KeyboardInterrupt) as end:
            with contextlib.suppress(OSError, ValueError):  # a full disk must not hide the end itself
                mark(Path(HydraConfig.get().runtime.output_dir) / STARTED_NAME, end)
            raise


def mark(path: Path, end: BaseException) -> None:
    """Add the end to the record of a job that began. Raises OSError or ValueError where there is none."""
    write_json(path, {**json.loads(path.read_text()), ENDED_BY: type(end).__name__})
