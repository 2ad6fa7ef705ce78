"""Keeps limits up to date while jobs run side by side."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from hydra_llm.search.study import Study

log = logging.getLogger(__name__)


class LimitWatcher:
    """Context manager. Publishes limits that take the reports of the running ones in, every `watch_s` seconds.

    With one slot, without a rule, or with watch_s null there is nothing to watch: limits then change between launches
    only, and the same sweep prunes the same jobs.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        pruning = study.settings.pruning
        self._interval = pruning.watch_s if pruning.rule and study.settings.n_parallel > 1 else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="llm_ucb-watcher", daemon=True)

    def __enter__(self) -> LimitWatcher:
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
