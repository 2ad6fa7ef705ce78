"""The report of a running sweep, written anew whenever its log has grown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hydra_llm.atomic_write import write_text
from hydra_llm.report.page import render
from hydra_llm.report.page import report_path as path_of
from hydra_llm.search.log.event_log import EVENTS_NAME
from hydra_llm.search.log.reader import read_sweep


def watch(
    folder: Path,
    path: Path | None,
    every_s: float,
    say: Callable[[str], object],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when the sweep has ended, after writing that too. An interrupted sweep that is resumed goes on."""
    target = path_of(folder, path)
    seen = -1
    while True:
        size = (folder / EVENTS_NAME).stat().st_size
        if size != seen:
            seen = size
            sweep = read_sweep(folder)
            write_text(target, render(sweep, live=True))
            done = sum(trial.state.is_finished for trial in sweep.state.search_trials())
            say(f"{target}: {done} of {sweep.settings.n_trials} trials")
            if sweep.ended:
                say(f"The sweep has ended: {sweep.ended}.")
                return
        sleep(every_s)
