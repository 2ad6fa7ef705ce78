"""What a proposer wrote beside its proposals, as events for the log.

A proposer that comments offers `last`, whose `notes` hold `observations` (trial number -> sentence), their `reasoning`
(trial number -> `mode`, `confidence`), `lines` (trial number -> name of a line of the log -> sentence), `memory_edits`,
`protocol_edit` (with `rules` and `reason`, or None), and for the block after this one `next_block` (values, or None),
`next_block_reason` and `next_block_refused`; the coded proposers have none.

Memory edits are judged here, so that the log holds what was asked and what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from hydra_llm.llm.base import Usage
from hydra_llm.llm.usage import RecordedCall
from hydra_llm.search.log.events import Event, MemoryEdit, NextBlockChoice, Note, ProtocolEdit, Question
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.evidence import EvidenceBase
from hydra_llm.search.memory.vetoes import vetted
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.claims import Claim

_QUESTION = TypeAdapter(Question)
MAX_NUMBER = 1e300  # beyond, infinite or not a number: no bound of a claim


@dataclass
class Annotations:
    """What one decision brought beside its proposals, over all questions that it took."""

    by: str = ""
    observations: dict[int, str] = field(default_factory=dict)
    reasoning: dict[int, Any] = field(default_factory=dict)
    lines: dict[int, dict[str, str]] = field(default_factory=dict)
    edits: tuple[Any, ...] = ()
    protocol_edit: Any = None
    choice: NextBlockChoice | None = None
    questions: list[Any] = field(default_factory=list)  # to a language model: what was asked, what it cost

    def take(self, proposer: Proposer) -> None:
        """Add what the proposer's latest answer holds. What a later answer leaves out stays."""
        last = getattr(proposer, "last", None)
        question = getattr(last, "question", None)
        if question:
            self.questions.append(question)
        notes = getattr(last, "notes", None)
        if notes is None:
            return
        self.by = proposer.name
        self.observations |= notes.observations
        self.reasoning |= getattr(notes, "reasoning", {})
        for number, lines in getattr(notes, "lines", {}).items():
            self.lines[number] = {**self.lines.get(number, {}), **lines}
        self.edits = tuple(notes.memory_edits) or self.edits
        self.protocol_edit = getattr(notes, "protocol_edit", None) or self.protocol_edit
        choice = _choice(notes, proposer.name)
        if choice is not None and (choice.values is not None or self.choice is None):
            self.choice = choice

    def events(self, state: SweepState, settings: Settings, block: int, number: int) -> list[Event]:
        """Notes, memory edits with their outcome, the protocol edit, the choice; made in `block` before `number`."""
        place = {"block": block, "number": number}
        events: list[Event] = [_QUESTION.validate_python({**question, **place}) for question in self.questions]
        for trial, text in sorted(self.observations.items()):
            found = self.reasoning.get(trial)
            mode, confidence = getattr(found, "mode", None), getattr(found, "confidence", None)
            events.append(Note("observation", text, self.by, block, trial, mode, confidence))
        for trial, lines in sorted(self.lines.items()):
            events += [Note(f"line:{name}", text, self.by, block, trial) for name, text in lines.items()]
        events += self._memory(state, settings, block, number)
        if self.protocol_edit is not None:
            edit = self.protocol_edit
            events.append(ProtocolEdit(block, edit.rules, edit.reason, self.by, number))
        if self.choice is not None:
            events.append(replace(self.choice, block=block))
        return events

    def _memory(self, state: SweepState, settings: Settings, block: int, number: int) -> list[MemoryEdit]:
        if not self.edits:
            return []
        records = evidence_of(state, settings)
        done = list(state.edits)
        for asked in self.edits:
            edit = MemoryEdit(
                asked.action,
                asked.section,
                asked.entry,
                asked.text,
                tuple(sorted(set(asked.trials))),
                _claim(getattr(asked, "claim", None), settings),
                self.by,
                number,
                block,
            )
            done.append(vetted(edit, done, state.start_memory.principles, records, settings.space))
        return done[len(state.edits) :]


def evidence_of(state: SweepState, settings: Settings, block: int | None = None) -> EvidenceBase:
    """What memory entries are judged by; `block`: without the blocks after it."""
    trees = {index: tree for index, tree in state.trees.items() if block is None or index <= block}
    finished = [t for index in trees for t in state.block_trials(index) if t.state.is_finished]
    return EvidenceBase(trees, finished, settings.objective, bool(settings.seed_keys))


def usages(questions: Iterable[Question]) -> list[RecordedCall]:
    """What every recorded call to a model used."""
    calls = [call for question in questions for call in question.calls]
    return [(call.digest, Usage(call.prompt_tokens, call.completion_tokens), call.estimated) for call in calls]


def summarise(events: Sequence[Event]) -> str:
    """What a look back on a block brought."""
    notes = sum(isinstance(event, Note) for event in events)
    edits = [event for event in events if isinstance(event, MemoryEdit)]
    refused = sum(edit.outcome == "refused" for edit in edits)
    edited = any(isinstance(event, ProtocolEdit) and event.rules is not None for event in events)
    parts = [f"{notes} observations", f"{len(edits)} edits of the memory ({refused} refused)"]
    return ", ".join([*parts, "the protocol edited" if edited else "the protocol as it was"]) + "."


def lines_of(notes: Iterable[Any], number: int) -> dict[str, str]:
    """Name of a log line -> what the proposer wrote there, for one trial."""
    prefix = "line:"
    return {n.kind.removeprefix(prefix): n.text for n in notes if n.number == number and n.kind.startswith(prefix)}


def _choice(notes: Any, name: str) -> NextBlockChoice | None:
    """What the answer says on the next block, None if nothing."""
    values = getattr(notes, "next_block", None)
    refused = getattr(notes, "next_block_refused", "")
    if values is None and not refused:
        return None
    reason = getattr(notes, "next_block_reason", "")
    return NextBlockChoice(0, values, name, reason, "" if values is not None else refused)  # `events` knows the block


def _claim(asked: Any, settings: Settings) -> Claim | None:
    """The claim of an answer: for the moves up and down its value is the bound that is passed. A number that no
    parameter holds makes no claim.
    """
    if asked is None:
        return None
    value = asked.value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not abs(value) <= MAX_NUMBER:
        return None
    if asked.move == "to":
        return Claim(asked.key, "to", asked.effect, value=_canonical(asked.key, value, settings))
    bound = float(value) if number else None
    low, high = (bound, None) if asked.move == "up" else (None, bound)
    return Claim(asked.key, asked.move, asked.effect, low=low, high=high)


def _canonical(key: str, value: Any, settings: Settings) -> Any:
    if key not in settings.space or settings.space.validate({key: value}):
        return value
    return settings.space[key].canonical(value)
