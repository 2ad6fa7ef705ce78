"""The state of a sweep as a fold over its events: trials, one tree per block, what is asked, launched and told.

`apply` is the only way to change it, and the study applies exactly the events that it has written; so reading a log
back gives the state that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hydra_llm.search.log.events import Event
from hydra_llm.search.log.memory_entries import MemoryEdit, memory_edit_from_event
from hydra_llm.search.log.protocol_copy import ProtocolCopy, ProtocolEdit
from hydra_llm.search.log.start_memory import StartMemory, parse
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial import codec
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Proposal, Trial, TrialState

REPEATED = 64  # latest notes that are looked through for one that was recorded twice


@dataclass(frozen=True)
class BlockRecord:
    """A block: number from 1, and the values of the block parameters that hold in it."""

    index: int
    values: dict[str, Any]
    chosen_by: str = ""  # a proposer's name, or "untested-first"
    reason: str = ""  # the proposer's
    refused: str = ""  # why the proposer's choice was not taken


@dataclass(frozen=True)
class NextBlockChoice:
    """What a proposer chose for the block after the present one; `values` None and the reason if it can not be."""

    values: dict[str, Any] | None
    by: str
    reason: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Note:
    """A line for people and for the memory; `kind` names where it belongs, `by` who wrote it. An observation may say
    what `mode` of reasoning it is (reasoning.py), and the chance that its author gives it.
    """

    kind: str
    text: str
    by: str
    number: int | None = None
    block: int = 0  # in which it was written
    mode: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class UserNote:
    """What a person wrote to the running sweep; `number` is the trial that was decided next."""

    text: str
    number: int
    block: int


@dataclass(frozen=True)
class Rejection:
    """A proposal that was never launched, and why."""

    block: int
    key: str
    proposal: Proposal
    reasons: tuple[str, ...]


class SweepState:
    def __init__(
        self, space: Space, objective: Objective, events: Iterable[Event] = (), *, reward: str = "mean"
    ) -> None:
        self.space = space
        self.objective = objective
        self.reward = reward
        self.header: Event = {}
        self.trials: dict[int, Trial] = {}  # in order of number
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
        self.notes: list[Note] = []
        self.rejections: list[Rejection] = []
        self.questions: list[Event] = []  # to a language model, in order
        self.batches = 0
        self.sessions = 0
        self.failures = 0  # search trials that ended FAILED or TIMEOUT
        for event in events:
            self.apply(event)

    # ---- folding ----
    def apply(self, event: Event) -> None:
        """Take one event; unknown types are skipped, so that older programs read newer logs of the same schema."""
        handler = getattr(self, f"_on_{event.get('type', '')}", None)
        if handler is not None:
            handler(event)

    def _on_header(self, event: Event) -> None:
        self.header = event

    def _on_session(self, event: Event) -> None:
        self.sessions += 1

    def _on_block(self, event: Event) -> None:
        told = {name: event.get(name, "") for name in ("chosen_by", "reason", "refused")}
        self.blocks.append(BlockRecord(event["index"], event["values"], **told))
        self.trees[event["index"]] = Tree(self.space, self.objective, reward=self.reward)
        self.protocol_copy.start_block(event["index"])

    def _on_next_block(self, event: Event) -> None:
        """The latest choice counts; one that can not be does not undo one that can."""
        before = self.choices.get(event["block"])
        if event["values"] is not None or before is None or before.values is None:
            self.choices[event["block"]] = NextBlockChoice(
                event["values"], event["by"], event["reason"], event["refused"]
            )

    def _on_protocol(self, event: Event) -> None:
        self.protocol_copy.take_source(event["text"])

    def _on_protocol_edit(self, event: Event) -> None:
        self.protocol_copy.take_edit(ProtocolEdit(event["block"], event["rules"], event["reason"], event["by"]))

    def _on_memory(self, event: Event) -> None:
        self.edits.append(memory_edit_from_event(event))

    def _on_start_memory(self, event: Event) -> None:
        self.start_text = event["text"]
        self.start_memory = parse(event["text"])

    def _on_user_input(self, event: Event) -> None:
        self.user_notes.append(UserNote(event["text"], event["number"], event["block"]))

    def _on_review(self, event: Event) -> None:
        self.reviews[event["block"]] = event["trials"]

    def _on_asked(self, event: Event) -> None:
        for entry in event["trials"]:
            trial = Trial(
                number=entry["number"],
                block=event["block"],
                proposal=codec.proposal_from_json(entry["proposal"]),
                seeds=entry["seeds"],
                purpose=entry.get("purpose", "search"),
                budget=entry.get("budget", "search"),
                attempt=0,
            )
            self._put(trial)
            self.waiting.append(trial.number)
            if trial.purpose == "search":
                self.search.append(trial.number)
                self.trees[trial.block].add(trial)
        if any(entry.get("purpose", "search") == "search" for entry in event["trials"]):
            self.batches += 1

    def _on_launched(self, event: Event) -> None:
        for number in event["numbers"]:
            trial = self.trials[number]
            self._put(replace(trial, attempt=trial.attempt + 1, launched=event["time"]))
            self.waiting.remove(number)
            self.running.append(number)

    def _on_lost(self, event: Event) -> None:
        """Lost, and to be run again under the same number."""
        number = event["number"]
        if not event.get("charged", True):  # interrupted by a person: the launch does not count
            self._put(replace(self.trials[number], attempt=self.trials[number].attempt - 1))
        self.running.remove(number)
        self.waiting = sorted([*self.waiting, number])

    def _on_told(self, event: Event) -> None:
        number = event["number"]
        trial = self.trials[number]
        told = replace(trial, outcome=codec.outcome_from_json(event))
        self._put(told)
        for queue in (self.running, self.waiting):
            if number in queue:
                queue.remove(number)
        if told.purpose == "search":
            self.trees[told.block].add(told)
            self.failures += told.state in (TrialState.FAILED, TrialState.TIMEOUT)

    def _on_rejected(self, event: Event) -> None:
        proposal = codec.proposal_from_json(event["proposal"])
        self.rejections.append(Rejection(event["block"], event["key"], proposal, tuple(event["reasons"])))

    def _on_note(self, event: Event) -> None:
        more = {name: event[name] for name in ("mode", "confidence") if name in event}
        note = Note(event["kind"], event["text"], event["by"], event.get("number"), len(self.blocks), **more)
        if note.number is None or note not in self.notes[-REPEATED:]:  # said again after a torn write
            self.notes.append(note)

    def _on_question(self, event: Event) -> None:
        self.questions.append(event)

    def _put(self, trial: Trial) -> None:
        """Enter a trial, or replace it by what became of it."""
        self.trials[trial.number] = trial
        if trial.purpose == "search":
            own = self._of_block.setdefault(trial.block, [])
            place = self._place.setdefault(trial.number, len(own))
            if place == len(own):
                own.append(trial)
            else:
                own[place] = trial

    # ---- reading ----
    @property
    def protocol(self) -> str:
        """The sweep's own copy, as it stands: what the next question brings."""
        return self.protocol_copy.text

    @property
    def tree(self) -> Tree:
        """The present block's tree."""
        return self.trees[self.blocks[-1].index]

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

    def best(self) -> Trial | None:
        """The first trial of the best configuration over all blocks (by its reward), None while nothing has a score."""
        found = [(tree.reward(node), -node.id) for tree in self.trees.values() if (node := tree.best()) is not None]
        return self.trials[-max(found)[1]] if found else None
