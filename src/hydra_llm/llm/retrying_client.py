"""A client that waits for a provider that is out: after its attempts have failed, it pauses and asks again.

Only an outage (`Unavailable`) is waited for; a refused key or a spent budget does not pass by itself. The pause is the
one that is configured, or what the server asked for (Retry-After) if that is longer. After `max_pause_s` in all, the
outage is passed on, and the search goes on without the model.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import Unavailable

log = logging.getLogger(__name__)


class OutageRetryClient(Client):
    def __init__(
        self, inner: Client, pause_s: float, max_pause_s: float, sleep: Callable[[float], None] | None = None
    ) -> None:
        self._inner = inner
        self._pause_s = pause_s
        self._max_pause_s = max_pause_s
        self._sleep = sleep or time.sleep

    @property
    def model(self) -> str:
        return self._inner.model

    def for_first_question(self) -> Client | None:
        return self._inner.for_first_question()

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        waited = 0.0
        while True:
            try:
                return self._inner.complete(request, on_text)
            except Unavailable as outage:
                pause = max(self._pause_s, outage.retry_after_s or 0.0)
                if waited + pause > self._max_pause_s:
                    raise
                reason = str(outage).rstrip(".")
                log.warning("%s. The sweep pauses for %.0f s and asks again (llm.on_llm_failure=pause).", reason, pause)
                self._sleep(pause)
                waited += pause
