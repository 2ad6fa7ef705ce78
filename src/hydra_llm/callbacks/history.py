"""Remembers what was logged per interval, for the loss figure."""

import math
from typing import Any

from lightning import Callback, LightningModule, Trainer


class History(Callback):
    """After a fit, series() holds name -> (intervals, values) of every number that the module logged."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, dict[str, float]]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        logged: dict[str, Any] = dict(trainer.callback_metrics)
        self._rows.append((trainer.current_epoch, {name: float(value) for name, value in logged.items()}))

    def state_dict(self) -> dict[str, Any]:
        return {"rows": list(self._rows)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._rows = [(int(interval), dict(row)) for interval, row in state_dict["rows"]]

    def series(self) -> dict[str, tuple[list[float], list[float]]]:
        found: dict[str, tuple[list[float], list[float]]] = {}
        seen: dict[str, float] = {}
        for interval, row in self._rows:
            for name, value in row.items():
                if name in seen and seen[name] == value and name != "val_loss":
                    continue  # a number of an earlier phase, still in Lightning's table
                seen[name] = value
                if math.isfinite(value):
                    found.setdefault(name, ([], []))
                    found[name][0].append(float(interval))
                    found[name][1].append(value)
        return found
