"""The study: ask -> validate -> launched -> told, on top of the event log.

It proposes what to run, refuses what cannot run, and takes in how runs ended; it starts nothing itself. Everything it
knows is a fold over events, so a study opened on the log of an interrupted one goes on where that one stopped.
"""

from __future__ import annotations

import logging
import time as time_module
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search import budget, roles, slot_params
from hydra_llm.search.annotations import Annotations, summarise, usages
from hydra_llm.search.ask import ProposalLoop, Validate
from hydra_llm.search.blocks import block_is_over, next_block
from hydra_llm.search.context import Slot
from hydra_llm.search.log.event_log import EVENTS_NAME, EventLog
from hydra_llm.search.log.events import (
    Asked,
    AskedTrial,
    Event,
    Finished,
    Header,
    Launched,
    Lost,
    Note,
    ProtocolSource,
    Review,
    StartMemorySource,
    Told,
    UserNote,
)
from hydra_llm.search.log.header import IncompatibleSweepError, check_compatible, make_header, make_session
from hydra_llm.search.log.inbox import Inbox
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.pruning.limits import LimitPublisher
from hydra_llm.search.pruning.stopped import mark_pruned
from hydra_llm.search.records.journal import Journal
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial import seeds
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal, Trial, TrialError, TrialState

log = logging.getLogger(__name__)


class Study:
    """One sweep in one folder. `validate` tells whether a configuration composes, as sentences on what is wrong."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        policy: SelectionPolicy,
        proposer: Proposer,
        *,
        argv: list[str],
        resume: str = "auto",
        validate: Validate = lambda values, block: [],
        protocol: str = "",
        start_memory: str = "",
        clock: Callable[[], float] = time_module.time,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.log = EventLog(folder / EVENTS_NAME)
        self.state = SweepState(settings.space, settings.objective, reward=settings.reward)
        self.analysis = Journal(self.state, settings)
        self.policy = policy
        self._validate = validate
        self._proposals = ProposalLoop(settings, policy, proposer, validate)
        header = make_header(settings, argv, clock())
        self._check_resume(resume, header)
        for event in self.log.events:
            self._take(event)
        if not self.log.events:
            self._record(header)
        self.limits = LimitPublisher(settings.pruning, settings.objective, folder)
        self.limits.learn(self.state.search_trials())
        self._record(make_session(settings, policy.name, proposer.name, argv, clock()))
        text = protocol or proposer.protocol
        if text != self.state.protocol_copy.source:
            self._record(ProtocolSource(clock(), text))
        if start_memory and start_memory != self.state.start_text:
            self._record(StartMemorySource(clock(), start_memory))
        proposer.resume(usages(self.state.questions))
        self._inbox = Inbox(folder)
        if self._proposals.proposer.reads_notes:
            self._inbox.create()
        self._opened = clock()
        self._next_free = self._first_free_number()

    def _check_resume(self, resume: str, header: Header) -> None:
        if resume not in ("auto", "must", "never"):
            raise ValueError(f"resume={resume!r} is unknown. Choose auto, must or never.")
        found = self.log.events
        if found and resume == "never":
            raise IncompatibleSweepError(
                f"{self.folder} already holds a sweep and resume=never. Set hydra.sweep.dir to a new folder."
            )
        if not found and resume == "must":
            raise IncompatibleSweepError(
                f"{self.folder} holds no sweep to continue and resume=must. Check hydra.sweep.dir, or set resume=auto."
            )
        if found:
            check_compatible(found[0], header, str(self.folder))

    def _first_free_number(self) -> int:
        """One above every number in the log and every numeric folder present: a number never serves two candidates."""
        folders = [int(p.name) for p in self.folder.iterdir() if p.is_dir() and p.name.isdigit()]
        return 1 + max([-1, *self.state.trials, *folders])

    # ---- asking ----
    def ask(self, count: int, free: Sequence[int] | None = None) -> list[Trial]:
        """Up to `count` trials to launch now, [] when the sweep is over.

        `free` names the slots that wait for a job while the others work; None: all of them, in order. Trials that were
        lost come first, each alone; then those that were asked for but never launched. Raises ProposerStop when the
        proposer demands a stop.
        """
        if not self.state.waiting:
            if not self.search_over:
                self._ask_search(count, free)
            elif not self.state.running and (missing := self._missing_confirmations()):
                self._ask_confirmation(missing)
        waiting = [self.state.trials[number] for number in self.state.waiting]
        again = [trial for trial in waiting if trial.attempt > 0]
        return again[:1] or waiting[:count]  # a job that took its siblings with it must not do so twice

    @property
    def search_over(self) -> str:
        """Why no further search trial is proposed; "" while the search goes on."""
        return budget.search_done(self.state, self.settings, self.clock() - self._opened, self._spent)

    @property
    def must_stop(self) -> str:
        """Why failures end the sweep; "" otherwise."""
        return budget.must_stop(self.state, self.settings)

    @property
    def is_over(self) -> bool:
        """Nothing waits, nothing runs, and the confirmation (if any is due) is complete."""
        idle = not self.state.waiting and not self.state.running
        return idle and bool(self.search_over) and not self._missing_confirmations()

    def _ask_search(self, count: int, free: Sequence[int] | None) -> None:
        self._read_inbox()
        if block_is_over(self.state, self.settings):
            if self.state.blocks:
                self.review()
            self._record(next_block(self.state, self.settings, self._validate), wait=False)
        block = self.state.blocks[-1].index
        left = self.settings.n_trials - len(self.state.search)
        left_in_block = self.settings.block_size - self.state.block_count(block)
        roles = self._roles(min(count, left, left_in_block), free)
        number = self._next_free
        filled = self._proposals.propose(self.state, roles, number)
        self._record(*filled.rejections, wait=False)
        runs = self._replicate_numbers(filled.proposals)
        trials = tuple(self._numbered(p, self._run_seeds(run)) for p, run in zip(filled.proposals, runs, strict=True))
        asked = Asked(self.clock(), block, trials, self._spent)
        told = filled.annotations.events(self.state, self.settings, block, number)
        self._record(asked, *told, wait=False)  # on disk with `launched`, before the launch

    @property
    def _spent(self) -> TotalUsage | None:
        """What a language model has cost so far; None where nobody counts."""
        return self._proposals.proposer.spent

    def _read_inbox(self) -> None:
        """Take what a person wrote to user_input.md into the log, then acknowledge it in the file."""
        if not self._proposals.proposer.reads_notes:
            return
        text = self._inbox.pending()
        if not text:
            return
        last = self.state.user_notes[-1] if self.state.user_notes else None
        label = "before trial {}"
        if last is None or last.text != text or label.format(last.number) in self._inbox.acknowledged():
            number, block = self._next_free, len(self.state.blocks)
            self._record(UserNote(text, number, block))
        else:
            number = last.number  # recorded, and the program ended before it was acknowledged
        self._inbox.acknowledge(text, label.format(number))

    def review(self) -> None:
        """Let the proposer look back on the present block, once for what is known now; nothing where it does not look
        back, or knew all of it before. Call it at the end of a sweep too.
        """
        if not self.state.blocks:
            return
        block = self.state.blocks[-1].index
        ended = sum(trial.state.is_finished for trial in self.state.block_trials(block))
        if not ended or self.state.reviews.get(block) == ended:
            return
        if used_up := budget.model_used_up(self.settings.stop, self._spent):
            log.warning("The block ends without a review: %s.", used_up)
            return
        decision = self._proposals.review(self.state, self._next_free)
        if decision is None:
            return
        by = self._proposals.proposer.name
        events = Annotations().joined(decision, by).events(self.state, self.settings, block, self._next_free)
        log.info("Block %d was looked back upon by %s: %s", block, by, decision.failed or summarise(events))
        done = Review(block, ended, by, decision.failed, self._spent)
        self._record(*events, done)  # last: a write that was torn is asked again rather than taken for whole

    def _roles(self, count: int, free: Sequence[int] | None) -> tuple[Slot, ...]:
        """Roles for `count` slots; of slots that are filled one by one each keeps the role of its place."""
        n_parallel = self.settings.n_parallel
        partial = free is not None and len(free) < n_parallel
        assigned = roles.assign(
            self.state.tree,
            n_parallel if partial else count,
            len(self.state.search) // n_parallel if free is not None else self.state.batches,
            replicating=bool(self.settings.seed_keys),
            start=self.settings.start,
        )
        chosen = tuple(assigned[slot] for slot in free[:count]) if partial and free is not None else assigned
        own = self.settings.slot_params
        return slot_params.settle(chosen, own, self.state.tree, n_parallel, len(self.state.search))

    def _replicate_numbers(self, proposals: list[Proposal]) -> list[int]:
        """For each proposal, how many runs its configuration already has, those earlier in the batch included."""
        seen: dict[str, int] = {}
        numbers = []
        for proposal in proposals:
            key = self.settings.space.key(proposal.values)
            node = self.state.tree.find(proposal.values)
            numbers.append((len(node.trials) if node else 0) + seen.get(key, 0))
            seen[key] = seen.get(key, 0) + 1
        return numbers

    def _run_seeds(self, run: int) -> dict[str, int]:
        """Of the next trial, which is the n-th run of its configuration."""
        if self.settings.fresh_seeds:
            return seeds.fresh_seeds(self.settings.seed, self.settings.seed_keys, self._next_free)
        return seeds.replicate_seeds(self.settings.seed, self.settings.seed_keys, run)

    def _numbered(self, proposal: Proposal, run_seeds: dict[str, int], *kind: Any) -> AskedTrial:
        self._next_free += 1
        return AskedTrial(self._next_free - 1, proposal, run_seeds, *kind)

    # ---- confirmation ----
    def _missing_confirmations(self) -> list[tuple[str, Trial, str, int]]:
        """(role, trial, budget, run) still to be asked for: best and baseline of its block and the references, which
        are the baseline under overrides of their own, for every budget.
        """
        wanted, best = self.settings.confirmation, self.state.best()
        if not wanted.n_seeds or best is None:
            return []
        root = self.state.trees[best.block].root
        assert root is not None  # a block with a best trial has a root
        roles = {"baseline": self.state.trials[root.id]}
        if best.number != root.id:
            roles = {"best": best, **roles}
        roles |= dict.fromkeys(wanted.references, self.state.trials[root.id])
        asked = {
            (t.proposal.role in wanted.references and t.proposal.role, t.proposal.parent, t.budget, _sorted(t.seeds))
            for t in self.state.confirmations
        }
        return [
            (role, trial, name, run)
            for name in wanted.budgets
            for run in range(wanted.n_seeds)
            for role, trial in roles.items()
            if (role in wanted.references and role, trial.number, name, _sorted(self._confirmation_seeds(run)))
            not in asked
        ]

    def _confirmation_seeds(self, run: int) -> dict[str, int]:
        return seeds.confirmation_seeds(self.settings.seed, self.settings.seed_keys, run)

    def _ask_confirmation(self, missing: list[tuple[str, Trial, str, int]]) -> None:
        entries = []
        for slot, (role, trial, name, run) in enumerate(missing):
            note = f"confirmation of trial {trial.number}, fresh seeds {run + 1}"
            proposal = Proposal(
                slot, role, "confirm", trial.number, trial.values, note=note, provenance=Provenance("confirm")
            )
            entries.append(self._numbered(proposal, self._confirmation_seeds(run), "confirm", name))
        self._record(Asked(self.clock(), missing[0][1].block, tuple(entries)))

    # ---- telling ----
    def launched(self, trials: list[Trial]) -> list[Trial]:
        """Record that these trials are being launched; call it before the launch. Returns them with their attempt."""
        numbers = tuple(trial.number for trial in trials)
        self._record(Launched(self.clock(), numbers))
        self.publish_limits()
        return [self.state.trials[number] for number in numbers]

    def publish_limits(self) -> None:
        """Tell the running jobs of the present block what they are compared with."""
        if self.state.blocks:
            running = [self.state.trials[number] for number in list(self.state.running)]
            self.limits.publish(self.state.blocks[-1].index, running)

    def tell(self, number: int, outcome: Outcome) -> Trial:
        """Record how a launched trial ended. A LOST trial goes back to the queue while it has retries left."""
        trial = self.state.trials[number]
        if trial.state.is_finished:
            raise ValueError(f"Trial {number} was already told as {trial.state}. Tell each trial once.")
        if outcome.state is TrialState.LOST and trial.attempt <= self.settings.max_infra_retries:
            reason = str(outcome.error) if outcome.error else "no result"
            self._record(Lost(self.clock(), number, reason))
            return self.state.trials[number]
        outcome = mark_pruned(outcome, self.settings.pruning)
        finite = outcome.value if outcome.value is None or np.isfinite(outcome.value) else None
        ended = outcome.ended if outcome.ended is not None else self.clock()
        self._record(Told(number, replace(outcome, value=finite, ended=ended)))
        told = self.state.trials[number]
        self.limits.learn([told])
        return told

    def tell_lost(self, number: int, reason: str) -> Trial:
        """Record that a launched trial left no result."""
        return self.tell(number, Outcome(TrialState.LOST, error=TrialError("LOST", reason)))

    def put_back(self, number: int, reason: str) -> Trial:
        """Record that a launched trial was taken away through no fault of its own: it runs again, none of its retries
        used.
        """
        self._record(Lost(self.clock(), number, reason, charged=False))
        return self.state.trials[number]

    def note(self, kind: str, text: str, by: str, number: int | None = None) -> None:
        """Record a line for the memory or the log."""
        self._record(Note(kind, text, by, len(self.state.blocks), number))

    def ranking(self) -> list[tuple[int, float]]:
        """(node id, selection score) of the present block, best first."""
        return self._proposals.ranking(self.state, self._next_free)

    def finish(self, reason: str) -> None:
        """Record that the sweep is over, for now: more trials may be granted later. The proposer looks back once more;
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


def _sorted(run_seeds: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(run_seeds.items()))
