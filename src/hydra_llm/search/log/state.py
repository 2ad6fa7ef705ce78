"""The state of a sweep as a fold over its events: trials, one tree per block, what is asked, launched and told.

`apply` is the only way to change it, and the study applies exactly the events that it has written; so reading a log
back gives the state that wrote it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatchmethod
from typing import Any, Self

from hydra_llm.search.log.code_state import CodeState
from hydra_llm.search.log.events import (
    Asked,
    BlockRecord,
    CodeGivenUp,
    CodeRefusal,
    CodeReview,
    CodeRevision,
    Event,
    Header,
    Launched,
    Lost,
    MemoryEdit,
    NextBlockChoice,
    Note,
    ProtocolEdit,
    ProtocolSource,
    Question,
    Rejection,
    Review,
    Session,
    StartMemorySource,
    Told,
    UserNote,
)
from hydra_llm.search.log.protocol_copy import ProtocolCopy
from hydra_llm.search.log.start_memory import StartMemory, parse
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.front import FrontMember, ParetoFront
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import TrialState
from hydra_llm.search.trial.tradeoff import Array
from hydra_llm.search.trial.trial import PROMOTED, Trial

REPEATED = 64  # latest notes that are looked through for one that was recorded twice


class SweepState:
    def __init__(
        self,
        space: Space,
        objective: Objective,
        events: Iterable[Event] = (),
        *,
        reward: str = "mean",
        ceiling: float | None = None,
        objectives: Objectives | None = None,
        compared_by: type[Recordings] = Recordings,
    ) -> None:
        self.space = space
        self.objective = objective
        self.reward = reward
        self.ceiling = ceiling
        self._compared_by = compared_by
        self._recordings: dict[int, Recordings] = {}  # by block, until one of its trials changes
        self._front = None if objectives is None else ParetoFront(space, objectives)
        self.header: Header | None = None
        self.trials: dict[int, Trial] = {}  # in order of number
        self._promoted = 0
        self.search: list[int] = []  # numbers of search trials, in order
        self.blocks: list[BlockRecord] = []
        self.trees: dict[int, Tree] = {}
        self.choices: dict[int, NextBlockChoice] = {}  # made in a block, for the one after it
        self.protocol_copy = ProtocolCopy()
        self.edits: list[MemoryEdit] = []  # of the memory, refused ones included
        self.start_memory = StartMemory()
        self.start_text = ""  # of which the start memory was read
        self.user_notes: list[UserNote] = []
        self.reviews: dict[int, int] = {}  # block -> number of its trials that had ended when it was reviewed
        self._of_block: dict[int, list[Trial]] = {}  # search trials in order of number
        self._place: dict[int, int] = {}  # where a search trial stands in the list of its block
        self.waiting: list[int] = []  # asked, or lost and to be run again; not launched
        self.running: list[int] = []  # launched, not told
        self.alone: set[int] = set()  # of those that wait: may have ended the others of their batch
        self.notes: list[Note] = []
        self.rejections: list[Rejection] = []
        self.questions: list[Question] = []  # to a language model, in order
        self.code = CodeState()
        self.batches = 0
        self.sessions = 0
        self.failures = 0  # search trials that ended FAILED, TIMEOUT or LOST in the present session
        self.earlier = 0  # search trials that were asked for in sessions before it
        for event in events:
            self.apply(event)

    # ---- folding ----
    @singledispatchmethod
    def apply(self, event: Event) -> None:
        """Take one event; those that leave the state as it is are passed over."""

    @apply.register
    def _(self, event: Header) -> None:
        self.header = event

    @apply.register
    def _(self, event: Session) -> None:
        self.sessions += 1
        self.failures = 0  # what stopped an earlier session may be mended by now
        self.earlier = len(self.search)

    @apply.register
    def _(self, event: BlockRecord) -> None:
        self.blocks.append(event)
        self.trees[event.index] = self._tree(event.index)
        self.protocol_copy.start_block(event.index)

    @apply.register
    def _(self, event: NextBlockChoice) -> None:
        """The latest choice counts; one that cannot be does not undo one that can."""
        before = self.choices.get(event.block)
        if event.values is not None or before is None or before.values is None:
            self.choices[event.block] = event

    @apply.register
    def _(self, event: ProtocolSource) -> None:
        self.protocol_copy.take_source(event.text)

    @apply.register
    def _(self, event: ProtocolEdit) -> None:
        self.protocol_copy.take_edit(event)

    @apply.register
    def _(self, event: MemoryEdit) -> None:
        self.edits.append(event)

    @apply.register
    def _(self, event: StartMemorySource) -> None:
        self.start_text = event.text
        self.start_memory = parse(event.text)

    @apply.register
    def _(self, event: UserNote) -> None:
        self.user_notes.append(event)

    @apply.register
    def _(self, event: Review) -> None:
        self.reviews[event.block] = event.trials

    @apply.register
    def _(self, event: Asked) -> None:
        for asked in event.trials:
            trial = Trial(
                number=asked.number,
                block=event.block,
                proposal=asked.proposal,
                attempt=0,
                seeds=asked.seeds,
                purpose=asked.purpose,
                budget=asked.budget,
            )
            self._put(trial)
            self.waiting.append(trial.number)
            self._promoted += trial.purpose == PROMOTED
            if trial.purpose == "search":
                self.search.append(trial.number)
                self.trees[trial.block].add(trial)
        self.batches += event.is_search

    @apply.register
    def _(self, event: Launched) -> None:
        for number in event.numbers:
            trial = self.trials[number]
            self._put(replace(trial, attempt=trial.attempt + 1, launched=event.time))
            self.waiting.remove(number)
            self.running.append(number)

    @apply.register
    def _(self, event: Lost) -> None:
        trial = self.trials[event.number]
        if not event.charged:
            self._put(replace(trial, attempt=trial.attempt - 1))
        if event.alone:
            self.alone.add(trial.number)
        self.running.remove(trial.number)
        self.waiting = sorted([*self.waiting, trial.number])

    @apply.register
    def _(self, event: Told) -> None:
        told = replace(self.trials[event.number], outcome=event.outcome)
        moved = self._front is not None and told.purpose == "search" and self._front.take(told)
        if self._front is not None:
            (told,) = self._front.valued([told])
        self._put(told)
        for queue in (self.running, self.waiting):
            if told.number in queue:
                queue.remove(told.number)
        if told.purpose == "search":
            self.trees[told.block].add(told)
            if moved:
                self._value_again()
            self.failures += told.state in (TrialState.FAILED, TrialState.TIMEOUT, TrialState.LOST)

    @apply.register
    def _(self, event: Rejection) -> None:
        self.rejections.append(event)

    @apply.register
    def _(self, event: Note) -> None:
        if event.number is None or event not in self.notes[-REPEATED:]:  # said again after a torn write
            self.notes.append(event)

    @apply.register
    def _(self, event: Question) -> None:
        self.questions.append(event)

    @apply.register(CodeRevision)
    @apply.register(CodeReview)
    @apply.register(CodeRefusal)
    @apply.register(CodeGivenUp)
    def _(self, event: CodeRevision | CodeReview | CodeRefusal | CodeGivenUp) -> None:
        self.code.take(event)

    def _put(self, trial: Trial) -> None:
        """Enter a trial, or replace it by what became of it."""
        self.trials[trial.number] = trial
        if trial.purpose == "search":
            self._recordings.pop(trial.block, None)
            own = self._of_block.setdefault(trial.block, [])
            place = self._place.setdefault(trial.number, len(own))
            if place == len(own):
                own.append(trial)
            else:
                own[place] = trial

    def _tree(self, index: int, known: Tree | None = None) -> Tree:
        """Of a block, from its search trials as they stand; trees of earlier blocks have to be there."""
        before = [self.trees[earlier] for earlier in self.same_regime(index)]
        return Tree(
            *(self.space, self.objective, self._of_block.get(index, ())),
            reward=self.reward,
            before=before,
            ceiling=self.ceiling,
            known=known,
        )

    def _value_again(self, weights: Array | None = None) -> None:
        """With several objectives, the value of every trial and all that follows from it."""
        assert self._front is not None
        self.trials = {trial.number: trial for trial in self._front.valued(self.trials.values(), weights)}
        self._of_block = {b: [self.trials[trial.number] for trial in own] for b, own in self._of_block.items()}
        known, self.trees, self._recordings = self.trees, {}, {}
        for block in self.blocks:
            self.trees[block.index] = self._tree(block.index, known[block.index])

    # ---- reading ----
    @property
    def front(self) -> list[FrontMember]:
        """With several objectives the configurations that no other one beats, by the first objective, best first; []
        with one.
        """
        return [] if self._front is None else self._front.members

    def recordings(self, block: int) -> Recordings:
        """What a block's configurations may be compared by, as of the latest event."""
        if block not in self._recordings:
            found = self._compared_by(self.trees[block], self.block_trials(block), self.objective, self.ceiling)
            self._recordings[block] = found
        return self._recordings[block]

    def weighed(self, weights: Array) -> Self:
        """The sweep as one who gives the objectives these weights sees it, for reading only."""
        seen = copy.copy(self)
        seen._value_again(weights)
        return seen

    @property
    def protocol(self) -> str:
        """The sweep's own copy with its edits: what the next question contains."""
        return self.protocol_copy.text

    @property
    def tree(self) -> Tree:
        """The present block's tree."""
        return self.trees[self.blocks[-1].index]

    @property
    def promotions(self) -> list[Trial]:
        """Runs of the full recipe during the search."""
        return [trial for trial in self.trials.values() if trial.purpose == PROMOTED]

    @property
    def used(self) -> int:
        """Trials that count for n_trials."""
        return len(self.search) + self._promoted

    @property
    def confirmations(self) -> list[Trial]:
        return [trial for trial in self.trials.values() if trial.purpose == "confirm"]

    def block_trials(self, index: int) -> list[Trial]:
        return list(self._of_block.get(index, ()))

    def block_count(self, index: int) -> int:
        """How many search trials the block has so far."""
        return len(self._of_block.get(index, ()))

    def failed(self, index: int) -> list[Trial]:
        """Search trials up to a block that ended with an error, in order of number."""
        found = (t for block in self.trees if block <= index for t in self.block_trials(block))
        return sorted((t for t in found if t.error is not None), key=lambda t: t.number)

    def search_trials(self) -> list[Trial]:
        return [self.trials[n] for n in self.search]

    def block_values(self, trial: Trial) -> dict[str, Any]:
        """The values of the block parameters that a trial runs under."""
        return next((block.values for block in self.blocks if block.index == trial.block), {})

    def same_regime(self, index: int) -> list[int]:
        """Blocks before this one with the same values of the block parameters."""
        values = self.blocks[index - 1].values
        return [block.index for block in self.blocks[: index - 1] if block.values == values]

    def baseline(self, index: int) -> Node | None:
        """The node of the baseline in a block, or in the latest block before it of the same regime where it ran."""
        for block in (index, *reversed(self.same_regime(index))):
            node = self.trees[block].baseline
            if node is not None:
                return node
        return None

    def best(self) -> Trial | None:
        """The first trial of the best configuration (by its reward), None while nothing has a score. Of several regimes
        it is of the one whose best gained most over its own baseline, in units of the spread of its scores: an easy
        regime is no merit.
        """
        own = self.bests()
        if len(own) < 2:
            return own[0] if own else None
        return max(own, key=lambda trial: (self._gain(trial), -trial.number))

    def bests(self) -> list[Trial]:
        """The first trial of the best configuration of every regime that has a score, in the order of the blocks; the
        baseline where there is no evidence that another one is better (Tree.beats).
        """
        found: dict[str, tuple[float, int]] = {}
        for block in self.blocks:
            tree = self.trees[block.index]
            node, baseline = tree.best(), self.baseline(block.index)
            if node is not None and baseline is not None and self._front is None and not tree.beats(node, baseline):
                node, tree = baseline, self.trees[self.trials[baseline.id].block]
            if node is not None:
                regime = repr(sorted(block.values.items()))
                found[regime] = max(found.get(regime, (-math.inf, 0)), (tree.reward(node), -node.id))
        return [self.trials[-number] for _, number in found.values()]

    def _gain(self, trial: Trial) -> float:
        """Of a best trial over the baseline of its block."""
        tree = self.trees[trial.block]
        scores = [tree.reward(node) for node in tree.scored()]
        spread = max(scores) - min(scores)
        own, baseline = tree.baseline, self.baseline(trial.block)
        known = None if baseline is None else tree.reward(own) if own is not None and own.scores else baseline.mean
        start = min(scores) if known is None else known
        return (tree.reward(tree.node(trial.number)) - start) / spread if spread else 0.0
