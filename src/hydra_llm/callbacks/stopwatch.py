"""Minutes of training, over all sessions of a fit that was interrupted and went on."""

import time
from typing import Any

from lightning import Callback, LightningModule, Trainer


class Stopwatch(Callback):
    """minutes: of training so far."""

    def __init__(self) -> None:
        self._before = 0.0
        self._started: float | None = None

    @property
    def minutes(self) -> float:
        running = 0.0 if self._started is None else (time.perf_counter() - self._started) / 60
        return self._before + running

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._before, self._started = self.minutes, None

    def state_dict(self) -> dict[str, Any]:
        return {"minutes": self.minutes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._before = state_dict["minutes"]
