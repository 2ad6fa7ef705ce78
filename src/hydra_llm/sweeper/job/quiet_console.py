"""Keeps a local job's log out of the sweep's terminal: it stands in the job's own log file.

The callback travels with every job and acts on the loggers that Hydra has configured for it.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class QuietConsole(Callback):
    """Raises the level of what a job's root logger prints to WARNING, where the same lines go to a file as well."""

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        handlers = logging.getLogger().handlers
        if not any(isinstance(handler, logging.FileHandler) for handler in handlers):
            return
        for handler in handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr):
                handler.setLevel(max(handler.level, logging.WARNING))
