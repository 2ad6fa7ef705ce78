"""What a person sees while a sweep runs: the settings at the start, two lines per trial, progress, the summary."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from hydra_llm.search import blocks
from hydra_llm.search.records import confirmation, full_budget, results
from hydra_llm.search.records.trial_section import mutation
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.study import Study
from hydra_llm.search.trial.trial import PROMOTED, Trial, TrialState
from hydra_llm.sweeper.spec import SweepSpec

SHOWN_ERROR_LINES = 12


class Console:
    def __init__(self, study: Study, spec: SweepSpec, resume: str, log: logging.Logger) -> None:
        self._study = study
        self._spec = spec
        self._resume = resume
        self._log = log
        self._began = time.monotonic()
        self._told = 0
        self._error_shown = False

    # ---- start ----
    def start(self, proposer: str, why: str) -> None:
        """Echo metric, direction and space, so that a setting that was ignored is seen at once."""
        settings, say = self._spec.settings, self._log.info
        objective = settings.objective
        goal = f"{objective.direction} {objective.name}" + (
            f" = {objective.target:g}" if objective.target is not None else ""
        )
        say(
            "llm_ucb: %s; %d trials, %d at a time; folder %s",
            goal,
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
        """Header per trial: iteration, block, parent, mutation, strategy, who proposed it."""
        settings, state = self._spec.settings, self._study.state
        for trial in trials:
            proposal = trial.proposal
            parent = "root" if proposal.parent is None else f"node {proposal.parent}"
            if trial.purpose != "search":
                what = "Full recipe" if trial.purpose == PROMOTED else "Confirmation"
                head = f"{what}, trial {trial.number} ({trial.budget} budget, {proposal.role})"
                self._log.info("%s: %s", head, proposal.note)
                continue
            i = state.search.index(trial.number) + 1 if len(state.search) < LISTED else len(state.search)
            block, k = blocks.block_of(i, settings.block_size)
            again = f", attempt {trial.attempt}" if trial.attempt > 1 else ""
            self._log.info(
                "Iteration %d/%d | block %d, %d/%d | trial %d%s from %s | %s | %s (%s) by %s",
                *(i, settings.n_trials, block, k, settings.block_size, trial.number, again, parent),
                *(mutation(trial, settings), proposal.strategy, proposal.role, proposal.provenance),
            )

    def told(self, trial: Trial, recovered: bool = False) -> None:
        """One line per finished trial; the first traceback at once and in full."""
        if not trial.state.is_finished:
            self._log.warning("trial %d left no result (attempt %d) and will run again", trial.number, trial.attempt)
            return
        self._told += 1
        line = _trial_line(trial, self._spec.settings)
        self._log.info("%s%s", line, " | recovered from its folder" if recovered else "")
        if trial.error is not None and trial.error.traceback and not self._error_shown:
            self._error_shown = True
            tail = "\n".join(trial.error.traceback.strip().splitlines()[-SHOWN_ERROR_LINES:])
            self._log.warning("The first failure, trial %d (folder %s):\n%s", trial.number, trial.folder, tail)

    def progress(self) -> None:
        """How far, best so far, and about how long to go."""
        study, settings = self._study, self._spec.settings
        done, best = study.state.used, study.state.best()
        if best is None:
            self._log.info("%d/%d trials, none completed yet", done, settings.n_trials)
            return
        mean = study.state.trees[best.block].node(best.number).mean or 0.0
        shown = settings.objective.value_of_score(mean) if settings.objective.direction != "target" else best.value
        each = (time.monotonic() - self._began) / max(1, self._told)
        left = each * max(0, settings.n_trials - done)
        self._log.info(
            "%d/%d trials, best %s=%.6g (trial %d), about %s left",
            *(done, settings.n_trials, settings.objective.name, shown, best.number, _duration(left)),
        )

    # ---- end ----
    def interrupted(self) -> None:
        self._log.warning("Interrupted. Everything that finished is recorded. To continue: %s", self._resume)

    def summary(self, reason: str) -> None:
        state, settings = self._study.state, self._spec.settings
        counts = ", ".join(f"{count} {name}" for name, count in results.counts(state).items())
        who = ", ".join(f"{count} by {name}" for name, count in results.provenances(state).items())
        self._log.info("Sweep over: %s. Trials: %s. Proposed: %s.", reason or "nothing left to do", counts, who)
        for line in full_budget.lines(state, settings.objective):
            self._log.info("%s.", line)
        best = state.best()
        if best is not None:
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
        self._log.info("Results: %s", self._study.folder / "optimization_results.yaml")


LISTED = 100_000  # beyond, the position in the list is not looked up


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _trial_line(trial: Trial, settings: Settings) -> str:
    """One line for a finished trial: number, state, metric or error, time, parent, mutation, strategy, provenance."""
    proposal = trial.proposal
    seconds = "" if trial.duration is None else f"{trial.duration:.1f} s"
    if trial.value is not None:
        result = f"{settings.objective.name}={trial.value:.6g}"
    else:
        result = str(trial.error or "no value").splitlines()[0]
    if trial.state is TrialState.PRUNED and trial.value is not None and trial.error is not None:
        result += f" ({trial.error.message})"
    parent = "root" if proposal.parent is None else str(proposal.parent)
    parts = [
        f"trial {trial.number}",
        trial.state.value,
        result,
        seconds,
        f"parent {parent}",
        mutation(trial, settings),
        proposal.strategy,
        f"by {proposal.provenance}",
    ]
    return " | ".join(part for part in parts if part)
