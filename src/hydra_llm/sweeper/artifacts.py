"""The files of a sweep folder that are derived from its events, rewritten after every batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hydra_llm.search.blocks import block_is_over
from hydra_llm.search.records import results
from hydra_llm.search.records.snapshots import BlockSnapshots
from hydra_llm.search.study import Study
from hydra_llm.search.trial.trial import Trial
from hydra_llm.sweeper.command_line import repeat_command
from hydra_llm.sweeper.spec import SweepSpec

log = logging.getLogger(__name__)

SMALL = 200  # trials; larger sweeps redraw at most once per INTERVAL_S
INTERVAL_S = 20.0
MOST_REPORTED = 1000  # trials; the page of more is written when somebody asks for it


class SweepArtifacts:
    def __init__(self, study: Study, spec: SweepSpec) -> None:
        self._study = study
        self._spec = spec
        self._written = 0.0
        self._drawn = time.monotonic()
        self._snapshots = BlockSnapshots(study.folder, spec.settings, study.policy)

    def command(self, trial: Trial) -> str:
        """The single run that repeats a trial, as it was launched."""
        overrides = self._spec.overrides(trial, self._study.state.block_values(trial))
        return repeat_command(overrides)

    def write(self, last: bool = False) -> None:
        """Write all files. Derived files never end a sweep: a failure is logged, and the events hold everything.

        Figures take longer than a small task, so they are drawn once per INTERVAL_S, at the end of a block, and when
        this is the last time.
        """
        state, settings = self._study.state, self._spec.settings
        now = time.monotonic()
        if len(state.trials) > SMALL and now - self._written < INTERVAL_S and not (last or self._study.is_over):
            return
        self._written = now
        folder = self._study.folder
        with self._harmless():
            results.write_results(folder, state, settings, self.command)
        with self._harmless():
            if state.blocks:
                results.write_scores(folder, state, settings, self._study.policy, self._study.ranking())
        with self._harmless():
            self._study.analysis.write(folder)
        with self._harmless():
            results.write_memory(folder, state, settings)
        with self._harmless():
            self._snapshots.write(state, over=bool(self._study.search_over or self._study.must_stop))
        if last or now - self._drawn > INTERVAL_S or (state.blocks and block_is_over(state, settings)):
            self._drawn = now
            self._draw()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # one file of several, none of which is worth a sweep
            log.warning(
                "A table in %s could not be written (%s: %s); the event log is complete.",
                *(self._study.folder, type(error).__name__, error),
            )

    def report(self) -> None:
        """report.html, after the last event of a session; `hydra-llm report --watch` follows a running one."""
        from hydra_llm.report.page import write_report

        folder = self._study.folder
        if len(self._study.state.trials) > MOST_REPORTED:
            log.info("The report of this many trials takes a while. To write it: hydra-llm report %s", folder)
            return
        try:
            log.info("Report: %s", write_report(folder))
        except Exception as error:  # a page is never worth a sweep
            log.warning("The report could not be written (%s: %s).", type(error).__name__, error)

    def _draw(self) -> None:
        from hydra_llm.report.calibration_figure import draw_calibration
        from hydra_llm.report.tree_figure import draw_tree

        state, folder = self._study.state, self._study.folder / "figures"
        if not state.blocks:
            return
        try:
            path = folder / f"tree_block_{state.blocks[-1].index:03d}.png"
            draw_tree(path, state, self._spec.settings, self._study.ranking())
            draw_calibration(folder / "calibration.png", state, self._spec.settings)
        except Exception as error:  # a figure is never worth a sweep
            log.warning("A figure of the sweep could not be drawn (%s: %s).", type(error).__name__, error)
