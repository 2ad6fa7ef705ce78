"""The study: ask -> validate -> launched -> told, on top of the event log.

It proposes what to run, refuses what cannot run, and takes in how runs ended; it starts nothing itself. Everything it
knows is a fold over events, so a study opened on the log of an interrupted one goes on where that one stopped.
"""

from __future__ import annotations

import logging
import time as time_module
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search import budget
from hydra_llm.search.annotations import Annotations, usages
from hydra_llm.search.arguments import settings_in_memory
from hydra_llm.search.ask import ProposalLoop, Validate
from hydra_llm.search.batch_slots import slots_to_fill
from hydra_llm.search.block_review import review_of_block
from hydra_llm.search.blocks import another_regime, block_is_over, next_block, used_up
from hydra_llm.search.confirmation_plan import missing_runs
from hydra_llm.search.context import Slot
from hydra_llm.search.evolution.evolution import Evolution
from hydra_llm.search.log.event_log import EVENTS_NAME, EventLog
from hydra_llm.search.log.events import (
    Asked,
    Event,
    Finished,
    Launched,
    Lost,
    Note,
    ProtocolSource,
    StartMemorySource,
    Told,
)
from hydra_llm.search.log.header import check_resume, make_header, make_session
from hydra_llm.search.log.inbox import Inbox
from hydra_llm.search.log.memory_log import MemoryLog
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.numbering import Numbering
from hydra_llm.search.promotion import due
from hydra_llm.search.proposers.base import Proposer, ProposerError, ProposerStop
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.pruning.limits import LimitPublisher
from hydra_llm.search.pruning.stopped import mark_pruned
from hydra_llm.search.records.journal import Journal
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.front import FrontMember
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import Outcome, outcome_of
from hydra_llm.search.trial.trial import Proposal, Trial, TrialState
from hydra_llm.search.turns import asked_trial, check_running, check_waiting
from hydra_llm.search.user_notes import take_notes

log = logging.getLogger(__name__)

BEFORE_BLOCKS = 0  # the block of a question that was asked before the first


class Study:
    """One sweep in one folder, or in memory (`folder` None). `validate` tells whether a configuration composes, as
    sentences on what is wrong.

    `failure` is the sentence of an error that ended the asking, "" without one: what runs is waited for all the same.
    """

    def __init__(
        self,
        folder: Path | None,
        settings: Settings,
        policy: SelectionPolicy,
        proposer: Proposer,
        *,
        argv: list[str],
        resume: str = "auto",
        validate: Validate = lambda values, block: [],
        protocol: str = "",
        start_memory: str = "",
        evolution: Evolution | None = None,
        clock: Callable[[], float] = time_module.time,
        stopwatch: Callable[[], float] = time_module.monotonic,
    ) -> None:
        self._folder = folder
        self.settings = settings
        self.clock = clock
        self.log = MemoryLog() if folder is None else EventLog(folder / EVENTS_NAME)
        self.state = SweepState(
            *(settings.space, settings.objective),
            reward=settings.reward,
            ceiling=settings.ceiling,
            objectives=settings.objectives,
            compared_by=settings.compared_by,
        )
        self.analysis = Journal(self.state, settings)
        self.policy = policy
        self._evolution = evolution
        self._validate = validate if evolution is None else self._with_code(validate, evolution)
        self._proposals = ProposalLoop(settings, policy, proposer, self._validate)
        header = make_header(settings, argv, clock())
        if folder is not None:
            check_resume(resume, self.log.events, header, folder)
        for event in self.log.events:
            self._take(event)
        if not self.log.events:
            self._record(header)
        self.limits = None if folder is None else LimitPublisher(settings.pruning, settings.objective, folder)
        if self.limits is not None:
            self.limits.learn(self.state.search_trials())
        self._record(make_session(settings, policy.name, proposer.name, argv, clock()))
        text = protocol or proposer.protocol
        if text != self.state.protocol_copy.source:
            self._record(ProtocolSource(clock(), text))
        if start_memory and start_memory != self.state.start_text:
            self._record(StartMemorySource(clock(), start_memory))
        proposer.resume(usages(self.state.questions))
        self._inbox = Inbox(folder) if folder is not None and proposer.reads_notes else None
        if self._inbox is not None:
            self._inbox.create()
        self._stopwatch, self._opened = stopwatch, stopwatch()  # the clock on the wall may be set meanwhile
        self._asked_out = ""  # why this call asks for nothing more
        self.failure = ""
        self._numbers = Numbering(self.state, settings, folder)

    @property
    def folder(self) -> Path:
        """Raises ValueError for a study in memory."""
        if self._folder is None:
            raise ValueError("A study in memory has no folder. Open it with a folder to keep files of it.")
        return self._folder

    @classmethod
    def in_memory(
        cls,
        space: Space,
        objective: Objective | Objectives | None = None,
        *,
        n_trials: int,
        proposer: str | Proposer = "bayes",
        selection: str | SelectionPolicy = "puct_rank",
        seed: int = 0,
        n_parallel: int = 1,
        validate: Validate = lambda values, block: [],
        **settings: Any,
    ) -> Study:
        """A study without folder, files or launcher: ask, launched, tell. It ends with the program.

        The defaults of the space run first: a dimension without one begins in the middle of its range, or with its
        first choice, and a default outside its dimension is refused. `settings.space` holds what became of it.
        `objective` None maximises the number that is told; with Objectives `front` is what was found.
        `settings` are further fields of search.settings.Settings,
        such as seed_keys=("seed",), without which a rerun is taken to repeat the same number. Raises ValueError with a
        sentence where a value cannot be.
        """
        if proposer == "llm":
            raise ValueError('proposer="llm" needs settings of a model, which a study in memory has not. Take another.')
        if not callable(validate):
            raise ValueError(f"validate must be a function of (values, block) that lists problems, got {validate!r}.")
        made = make_proposer(proposer, {})
        asked_for = {"n_trials": n_trials, "n_parallel": n_parallel, "seed": seed}
        if settings.get("reward") is None:
            settings["reward"] = made.reward
        wanted = settings_in_memory(space, objective, **settings, **asked_for)
        return cls(None, wanted, make_policy(selection, None), made, argv=[], validate=validate)

    # ---- asking ----
    def prepare(self) -> bool:
        """Let the proposer find out whether it can work, before anything is launched; False where nothing shall be."""
        if self.search_over:
            return True
        asked = sum(question.block == BEFORE_BLOCKS for question in self.state.questions)
        left = self.settings.n_trials - self.state.used
        try:
            found = self._proposals.prepare(asked, left)
        except ProposerStop as stop:
            self._end_asking(str(stop))
            found = stop.decision
        else:
            if found is not None and found.failed:
                log.warning("%s", found.failed)
        if found is not None:
            by = self._proposals.proposer.name
            annotations = Annotations().joined(found, by)
            self._record(*annotations.events(self.state, self.settings, BEFORE_BLOCKS, self._numbers.next))
        return not self.failure

    def ask(self, count: int, free: Sequence[int] | None = None) -> list[Trial]:
        """Up to `count` trials to launch now, [] when the sweep is over.

        `free` names the slots that wait for a job while the others work; None: all of them, in order. Trials that were
        lost come first, each alone; then those that were asked for but never launched. A count below 1, as of a pool
        without a free worker, asks for nothing and ends nothing. Raises ValueError for what is no whole number.
        """
        if not isinstance(count, Integral):
            raise ValueError(f"ask must be given a whole number of trials, got {count!r}.")
        if count < 1:
            return []
        if not self.state.waiting and not self.search_over:
            self._ask_search(count, free)
        if not self.state.waiting and self.search_over and not self.state.running:
            missing = missing_runs(self.state, self.settings)
            if missing:
                block = missing[0].trial.block
                trials = self._numbers.confirmation([run for run in missing if run.trial.block == block])
                self._record(Asked(self.clock(), block, trials))
        waiting = [self.state.trials[number] for number in self.state.waiting]
        again = [trial for trial in waiting if trial.attempt > 0 or trial.number in self.state.alone]
        return handed_out(again[:1] or waiting[:count])  # a job that took its siblings with it must not do so twice

    @property
    def search_over(self) -> str:
        """Why no further search trial is proposed; "" while the search goes on."""
        done = budget.search_done(self.state, self.settings, self._stopwatch() - self._opened, self._spent)
        return done or self._asked_out

    @property
    def must_stop(self) -> str:
        """Why failures end the sweep; "" otherwise."""
        return budget.must_stop(self.state, self.settings, self._folder)

    @property
    def is_over(self) -> bool:
        """Nothing waits, nothing runs, and the confirmation (if any is due) is complete."""
        idle = not self.state.waiting and not self.state.running
        return idle and bool(self.search_over) and not missing_runs(self.state, self.settings)

    def _ask_search(self, count: int, free: Sequence[int] | None) -> None:
        if self._inbox is not None:
            take_notes(self._inbox, self.state, self._numbers.next, self._record)
        if block_is_over(self.state, self.settings):
            try:
                self.review()
            except ProposerStop as stop:
                return self._end_asking(str(stop))
            self._record(next_block(self.state, self.settings, self._validate), wait=False)
        block = self.state.blocks[-1].index
        if promoted := self._numbers.promotion(due(self.state, self.settings)):
            return self._record(Asked(self.clock(), block, promoted))
        left = self.settings.n_trials - self.state.used
        left_in_block = self.settings.block_size - self.state.block_count(block)
        slots = slots_to_fill(
            self.state,
            self.settings,
            min(count, left, left_in_block),
            free,
            own_roles=self._proposals.proposer.own_roles,
        )
        number = self._numbers.next
        filled = self._proposals.propose(self.state, slots, number, self._code(slots, number))
        self._record(*filled.rejections, wait=False)
        told = filled.annotations.events(self.state, self.settings, block, number)
        if filled.proposals:
            asked = Asked(self.clock(), block, self._numbers.search(filled.proposals), self._spent)
            return self._record(asked, *told, wait=False)  # on disk with `launched`, before the launch
        self._record(*told)
        if filled.stopped or not used_up(self.state, self.settings):
            return self._end_asking(filled.failure)
        if another_regime(self.state, self.settings):
            self._record(next_block(self.state, self.settings, self._validate), wait=False)
            return self._ask_search(count, free)
        self._asked_out = "every configuration was run"
        return None

    def _code(self, slots: tuple[Slot, ...], number: int) -> list[Proposal]:
        """Proposals of code, for some of the slots; what led to them is recorded."""
        if self._evolution is None or not slots:
            return []
        context = self._proposals.context(self.state, slots, number)
        return self._evolution.proposals(self.state, context, self._record)

    def _with_code(self, validate: Validate, evolution: Evolution) -> Validate:
        return lambda values, block: evolution.problems(self.state, values) or validate(values, block)

    def _end_asking(self, failure: str) -> None:
        log.error("Nothing more is asked for: %s", failure)
        self._asked_out = self.failure = failure

    @property
    def sees_figures(self) -> bool:
        """Whether the proposer looks at figures of trials."""
        return self._proposals.proposer.sees_figures

    @property
    def _spent(self) -> TotalUsage | None:
        """What a language model has cost so far; None if that is not counted."""
        return self._proposals.proposer.spent

    def review(self) -> None:
        """Ask the proposer to review the current block. Does nothing if the proposer cannot review, or has already seen
        every result. Call it at the end of a sweep too.
        """
        events = review_of_block(self.state, self.settings, self._proposals, self._numbers.next, self._spent)
        if events:
            self._record(*events)

    # ---- telling ----
    def launched(self, trials: list[Trial]) -> list[Trial]:
        """Record that these trials are being launched; call it before the launch. Returns them with their attempt.

        Raises ValueError, with a sentence, for what is no list of trials, and for a trial that does not wait.
        """
        check_waiting(self.state, trials)
        numbers = tuple(trial.number for trial in trials)
        self._record(Launched(self.clock(), numbers))
        self.publish_limits()
        return handed_out([self.state.trials[number] for number in numbers])

    def publish_limits(self) -> None:
        """Tell the running jobs of the present block what they are compared with."""
        if self.state.blocks and self.limits is not None:
            running = [self.state.trials[number] for number in list(self.state.running)]
            self.limits.publish(self.state.blocks[-1].index, running)

    def tell(self, number: int, result: Any) -> Trial:
        """Record how a launched trial ended: an Outcome, or what the task returned, or the exception that it raised. A
        LOST trial goes back to the queue while it has retries left.

        Raises ValueError, with a sentence, for a trial that was never asked for, or was told already.
        """
        trial = asked_trial(self.state, number)
        number = trial.number
        outcome = result if isinstance(result, Outcome) else outcome_of(result, self.settings.reads)
        if trial.state.is_finished:
            raise ValueError(f"Trial {number} was already told as {trial.state}. Tell each trial once.")
        if outcome.state is TrialState.LOST and trial.attempt <= self.settings.max_infra_retries:
            check_running(self.state, trial)
            reason = str(outcome.error) if outcome.error else "no result"
            self._record(Lost(self.clock(), number, reason))
            return self.state.trials[number]
        outcome = mark_pruned(outcome, self.settings.pruning)
        finite = outcome.value if outcome.value is None or np.isfinite(outcome.value) else None
        ended = outcome.ended if outcome.ended is not None else self.clock()
        self._record(Told(number, replace(outcome, value=finite, ended=ended)))
        told = self.state.trials[number]
        if self.limits is not None:
            self.limits.learn([told])
        return told

    def put_back(self, number: int, reason: str, *, alone: bool = False) -> Trial:
        """Record that a launched trial was taken away through no fault of its own: it runs again, none of its retries
        used; `alone` where it may have ended the others that were launched with it. Raises ValueError, with a sentence,
        for a trial that does not run.
        """
        trial = asked_trial(self.state, number)
        check_running(self.state, trial)
        self._record(Lost(self.clock(), trial.number, reason, charged=False, alone=alone))
        return self.state.trials[trial.number]

    def note(self, kind: str, text: str, by: str, number: int | None = None) -> None:
        """Record a line for the memory or the log."""
        self._record(Note(kind, text, by, len(self.state.blocks), number))

    @property
    def best(self) -> Trial | None:
        """The first trial of the configuration that is recommended now, of several objectives the one nearest to the
        ideal point; None while nothing has a score.
        """
        best = self.state.best()
        return None if best is None else handed_out([best])[0]

    @property
    def front(self) -> list[FrontMember]:
        """With several objectives the configurations that no other one beats, by the first objective, best first."""
        return self.state.front

    def expected(self, values: Mapping[str, Any]) -> tuple[float, float, float] | None:
        """Median and bounds of the central 80 % of what one run of this configuration would give, in the metric's own
        unit, as the Gaussian process on the present block sees it; None while it has seen too little. Raises
        ValueError, with a sentence, for what is no configuration of the space.
        """
        full = self.settings.space.canonical(values)
        belief = self.state.tree.belief if self.state.blocks else None
        return None if belief is None else belief.interval(full, self.settings.objective)

    def ranking(self) -> list[tuple[int, float]]:
        """(node id, selection score) of the present block, best first."""
        return self._proposals.ranking(self.state, self._numbers.next)

    def finish(self, reason: str) -> None:
        """Record that the sweep is over, for now: more trials may be granted later. The proposer reviews once more;
        whether it can does not matter any more.
        """
        try:
            self.review()
        except ProposerError as error:
            log.warning("The last review was left out: %s", error)
        if reason:
            self._record(Finished(self.clock(), reason))

    def close(self, reason: str = "") -> None:
        if reason:
            self._record(Finished(self.clock(), reason))
        self.log.close()

    def _record(self, *events: Event, wait: bool = True) -> None:
        """Write events in one go, then take them in."""
        self.log.append(*events, wait=wait)
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        self.state.apply(event)
        self.analysis.take(event)


def handed_out(trials: Sequence[Trial]) -> list[Trial]:
    """The same trials with values of their own: a loop may take its dictionary apart."""
    return [
        replace(trial, proposal=replace(trial.proposal, values=deepcopy(trial.values)), seeds=dict(trial.seeds))
        for trial in trials
    ]
