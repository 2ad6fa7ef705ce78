"""Connects a job with its sweep, and watches jobs that run side by side.

The callback travels with every job, as the result journal does: it is pickled by reference and runs in the process of
the job, under every launcher.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from hydra_llm import job
from hydra_llm.search.study import Study

log = logging.getLogger(__name__)


class JobChannel(Callback):
    """Tells hydra_llm.job in which folder the job reports and where its limits stand."""

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        number = int(OmegaConf.select(config, "hydra.job.num", default=-1))
        limits = Path(config.hydra.sweep.dir).absolute() / job.LIMITS_NAME
        job.open_job(Path(config.hydra.runtime.output_dir), number, limits, time.time())

    def on_job_end(self, config: DictConfig, **kwargs: Any) -> None:
        job.close_job()


class Watcher:
    """While jobs run side by side, publishes limits that take the reports of the running ones in, every `watch_s`.

    With one slot, without a rule, or with watch_s null there is nothing to watch: limits then change between launches
    only, and the same sweep prunes the same jobs.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        pruning = study.settings.pruning
        self._interval = pruning.watch_s if pruning.rule and study.settings.n_parallel > 1 else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="llm_ucb-watcher", daemon=True)

    def __enter__(self) -> Watcher:
        if self._interval is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            try:
                self._study.publish_limits()
            except (OSError, KeyError) as error:  # a folder that is just being made; the next look sees it
                log.debug("The limits could not be published: %s", error)
