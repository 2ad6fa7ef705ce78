"""The line at the foot of a terminal that says how a sweep stands while it waits for its jobs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records.front import result_text
from hydra_llm.search.settings import Settings
from hydra_llm.sweeper.time_left import duration, time_left

EVERY_S = 1.0  # between two drawings
_ERASE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


class LiveLine:
    """Nothing where standard output is no terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.is_on = self._console.is_terminal and not self._console.is_dumb_terminal

    @contextmanager
    def shown(self, state: SweepState, settings: Settings) -> Iterator[None]:
        """It is taken away again before anything else is printed."""
        if not self.is_on:
            yield
            return
        text = status(state, settings)
        self._console.print(text[: self._console.width - 1], end="", style="dim", markup=False)
        try:
            yield
        finally:
            self._console.control(_ERASE)


def status(state: SweepState, settings: Settings) -> str:
    """Trials done, what runs and for how long, the trial that leads or the size of the front, the time left."""
    running = [
        f"trial {number} for {duration(time.time() - (state.trials[number].started or time.time()))}"
        for number in state.running
    ]
    parts = [
        f"{state.used}/{settings.n_trials} trials launched",
        ", ".join(running),
        _best(state, settings),
        time_left(state, settings),
    ]
    return " | ".join(part for part in parts if part)


def _best(state: SweepState, settings: Settings) -> str:
    best = state.best()
    if best is None:
        return ""
    if settings.objectives is not None:
        return f"{len(state.front)} on the front"
    return f"trial {best.number} leads: {result_text(best, settings)}"
