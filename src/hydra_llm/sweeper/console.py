"""What a person sees while a sweep runs: the settings at the start, one line per trial, the summary."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hydra_llm.search.records import confirmation, front, full_budget, results
from hydra_llm.search.records.authors import byline
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.study import Study
from hydra_llm.search.trial.trial import Trial
from hydra_llm.sweeper.command_line import from_here, resume_command
from hydra_llm.sweeper.live_line import EVERY_S, LiveLine
from hydra_llm.sweeper.spec import SweepSpec
from hydra_llm.sweeper.time_left import time_left
from hydra_llm.sweeper.trial_line import trial_line

SHOWN_ERROR_LINES = 12


class Console:
    def __init__(self, study: Study, spec: SweepSpec, resume: str, log: logging.Logger) -> None:
        self._study = study
        self._spec = spec
        self._resume = resume
        self._log = log
        self._error_shown = False
        self._live = LiveLine()

    # ---- start ----
    def start(self, proposer: str, why: str) -> None:
        """Echo metric, direction and space, so that a setting that was ignored is seen at once."""
        settings, say = self._spec.settings, self._log.info
        say(
            "llm_ucb: %s; %d trials, %d at a time; folder %s",
            settings.goal,
            settings.n_trials,
            settings.n_parallel,
            self._study.folder,
        )
        say("%s proposes (%s)", proposer, why)
        for dimension in settings.space.dimensions:
            text = f" -- {dimension.help}" if dimension.help else ""
            say("  %s: %s, start %s%s", dimension.name, dimension.describe_range(), dimension.default, text)
        if self._spec.trial_overrides:
            say("search budget: %s", " ".join(self._spec.trial_overrides.values()))
        if self._study.is_over:
            say("This sweep is finished. To go on, raise hydra.sweeper.n_trials;")
            say("to start anew, set hydra.sweep.dir to a new folder.")
            return
        done = len([t for t in self._study.state.trials.values() if t.state.is_finished])
        if done or self._study.state.running:
            say("Continuing: %d trials were finished, %d were running.", done, len(self._study.state.running))
        if self._spec.named_by_clock:
            say("The folder is named by the time of day: the same command starts anew, the next one continues.")
        say("To continue this sweep after an interruption: %s", self._resume)

    # ---- trials ----
    def launched(self, trials: Iterable[Trial]) -> None:
        """For the curious (hydra.verbose): everything else about a trial is said when it ends."""
        for trial in trials:
            block = self._study.state.block_values(trial)
            self._log.debug("trial %d starts: %s", trial.number, " ".join(self._spec.overrides(trial, block)))

    @contextmanager
    def waiting(self, longest_s: float) -> Iterator[float]:
        """How long to wait for jobs before the line at the foot of the terminal is due again."""
        with self._live.shown(self._study.state, self._spec.settings):
            yield min(longest_s, EVERY_S) if self._live.is_on else longest_s

    def told(self, trial: Trial, recovered: bool = False) -> None:
        """One line per finished trial; the first traceback at once and in full."""
        if not trial.state.is_finished:
            self._log.warning("trial %d left no result (attempt %d) and will run again", trial.number, trial.attempt)
            return
        state, settings = self._study.state, self._spec.settings
        left = "" if self._live.is_on else time_left(state, settings)
        more = (" | recovered from its folder" if recovered else "") + (f" | {left}" if left else "")
        self._log.info("%s%s", trial_line(trial, state, settings), more)
        if trial.error is not None and trial.error.traceback and not self._error_shown:
            self._error_shown = True
            tail = "\n".join(trial.error.traceback.strip().splitlines()[-SHOWN_ERROR_LINES:])
            self._log.warning("The first failure, trial %d (folder %s):\n%s", trial.number, trial.folder, tail)

    # ---- end ----
    def interrupted(self) -> None:
        self._log.warning("Interrupted. Everything that finished is recorded. To continue: %s", self._resume)

    def summary(self, reason: str) -> None:
        state, settings = self._study.state, self._spec.settings
        counts = ", ".join(f"{count} {name}" for name, count in results.counts(state).items())
        who = ", ".join(f"{count} {byline(name)}" for name, count in results.authors(state).items())
        self._log.info("Sweep over: %s. Trials: %s. Proposed: %s.", reason or "nothing left to do", counts, who)
        for line in front.lines(state, settings):
            self._log.info("%s", line)
        for line in full_budget.lines(state, settings.objective):
            self._log.info("%s.", line)
        best = state.best()
        if best is not None and settings.objectives is None:
            node = state.trees[best.block].node(best.number)
            values = ", ".join(f"{key}={value}" for key, value in best.values.items())
            assert node.mean is not None  # the best node has a value
            mean = settings.objective.value_of_score(node.mean)
            self._log.info(
                "Selected: trial %d, %s=%.6g (mean of %d run(s)), %s",
                *(best.number, settings.objective.name, mean, node.runs, values),
            )
        if beside := pool_record(state.search_trials(), settings.objective).line:
            self._log.info("The model beside the Gaussian process: %s.", beside)
        for line in confirmation.summary_lines(state, settings.objective):
            self._log.info("%s", line)
        self._log.info("Results: %s", from_here(self._study.folder / "optimization_results.yaml"))

    def next_steps(self) -> None:
        """Where to look, and what people type next."""
        best, folder, say = self._study.state.best(), from_here(self._study.folder), self._log.info
        if best is None:
            return
        for picture in sorted((self._study.folder / "figures").glob("tree_block_*.png"))[-1:]:
            say("Picture: %s", from_here(picture))
        more = resume_command(str(folder), 2 * self._spec.settings.n_trials)
        if self._spec.settings.objectives is None:
            say("Next: what the best trial changed, expected and gave:    hydra-llm show %d %s", best.number, folder)
            if confirmation.in_full(self._study.state, best.number) is not None:
                say(
                    "      the command that runs it in full:                  hydra-llm best --command --full %s",
                    folder,
                )
            else:
                say("      the command that runs it:                          hydra-llm best --command %s", folder)
        else:
            say("Next: the front as a page with a figure:                 hydra-llm report %s", folder)
            say(
                "      the command of one trial, here the compromise:     hydra-llm show --command %d %s",
                best.number,
                folder,
            )
        say("      twice as many trials:                              %s", more)
