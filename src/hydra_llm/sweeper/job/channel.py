"""Connects a job with its sweep.

The callback travels with every job, as the result recorder does: it is pickled by reference and runs in the process of
the job, under every launcher.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from hydra_llm import job


class JobChannel(Callback):
    """Tells hydra_llm.job in which folder the job reports and where its limits stand."""

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        number = int(OmegaConf.select(config, "hydra.job.num", default=-1))
        limits = Path(config.hydra.sweep.dir).absolute() / job.LIMITS_NAME
        job.open_job(Path(config.hydra.runtime.output_dir), number, limits, time.time())

    def on_job_end(self, config: DictConfig, **kwargs: Any) -> None:
        job.close_job()
