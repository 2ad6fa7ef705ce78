"""Signals stay with the program that launched the run.

Lightning takes SIGTERM for itself during a fit, and under SLURM SIGUSR1 too, and ends the fit with an exception. A
preempted job would then be reported as failed, instead of being put back into the queue by its launcher.
"""

import signal
import threading
from typing import Any

from lightning import Callback, LightningModule, Trainer

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class OwnSignals(Callback):
    """Made before the fit, whose handlers it puts back as soon as Lightning has set its own."""

    def __init__(self) -> None:
        self._handlers: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.getsignal(number) for number in SIGNALS}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
