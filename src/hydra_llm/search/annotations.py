"""What a proposer wrote beside its proposals, as events for the log.

Memory edits are judged here, so that the log holds what was asked and what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from hydra_llm.llm.base import Usage
from hydra_llm.llm.usage import RecordedCall
from hydra_llm.search.log.events import Event, MemoryEdit, NextBlockChoice, Note, ProtocolEdit, Question
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.evidence import EvidenceBase
from hydra_llm.search.memory.predictions import NO, REFUTED, YES
from hydra_llm.search.memory.vetoes import vetted
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.notes import NO_NOTES, ClaimWish, Notes
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.claims import Claim

_QUESTION = TypeAdapter(Question)
MAX_NUMBER = 1e300  # beyond, infinite or not a number: no bound of a claim


@dataclass(frozen=True)
class Annotations:
    """What one decision added to its proposals, over all questions that it took; `by` is who wrote the notes."""

    by: str = ""
    notes: Notes = NO_NOTES
    questions: tuple[Mapping[str, Any], ...] = ()  # to a language model: what was asked, what it cost

    def joined(self, decision: Decision, by: str) -> Annotations:
        """With the annotations of a later decision; what that one leaves out stays."""
        author = by if decision.notes != NO_NOTES else self.by
        return Annotations(author, self.notes.joined(decision.notes), self.questions + decision.questions)

    def events(self, state: SweepState, settings: Settings, block: int, number: int) -> list[Event]:
        """Notes, memory edits with their outcome, the protocol edit, the choice; made in `block` before `number`."""
        place = {"block": block, "number": number}
        events: list[Event] = [_QUESTION.validate_python({**question, **place}) for question in self.questions]
        seen = sorted(self.notes.observations.items())
        for trial, remark in seen:
            events.append(Note("observation", remark.text, self.by, block, trial, remark.mode, remark.confidence))
        for trial, remark in seen:
            if remark.refuted is not None:
                events.append(Note(REFUTED, YES if remark.refuted else NO, self.by, block, trial))
            events += [Note(f"line:{name}", text, self.by, block, trial) for name, text in remark.lines.items()]
        events += self._memory(state, settings, block, number)
        if (edit := self.notes.protocol_edit) is not None:
            events.append(ProtocolEdit(block, edit.rules, edit.reason, self.by, number))
        if (wish := self.notes.next_block) is not None:
            values = None if wish.values is None else dict(wish.values)
            events.append(NextBlockChoice(block, values, self.by, wish.reason, wish.refused))
        return events

    def _memory(self, state: SweepState, settings: Settings, block: int, number: int) -> list[MemoryEdit]:
        if not self.notes.memory_edits:
            return []
        records = evidence_of(state, settings)
        done = list(state.edits)
        for asked in self.notes.memory_edits:
            edit = MemoryEdit(
                asked.action,
                asked.section,
                asked.entry,
                asked.text,
                tuple(sorted(set(asked.trials))),
                _claim(asked.claim, settings),
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
    noisy = bool(settings.seed_keys)
    return EvidenceBase(trees, finished, settings.objective, noisy, settings.ceiling, settings.compared_by)


def usages(questions: Iterable[Question]) -> list[RecordedCall]:
    """What every recorded call to a model used."""
    calls = [call for question in questions for call in question.calls]
    return [
        (call.digest, Usage(call.prompt_tokens, call.completion_tokens, call.cached_tokens), call.estimated)
        for call in calls
    ]


def summarise(events: Sequence[Event]) -> str:
    """The result of a review in a few words, for the log."""
    notes = sum(isinstance(event, Note) and event.kind == "observation" for event in events)
    edits = [event for event in events if isinstance(event, MemoryEdit)]
    refused = sum(edit.outcome == "refused" for edit in edits)
    edited = any(isinstance(event, ProtocolEdit) and event.rules is not None for event in events)
    parts = [f"{notes} observations", f"{len(edits)} edits of the memory ({refused} refused)"]
    return ", ".join([*parts, "the protocol edited" if edited else "the protocol as it was"]) + "."


def lines_of(notes: Iterable[Any], number: int) -> dict[str, str]:
    """Name of a log line -> what the proposer wrote there, for one trial."""
    prefix = "line:"
    return {n.kind.removeprefix(prefix): n.text for n in notes if n.number == number and n.kind.startswith(prefix)}


def _claim(asked: ClaimWish | None, settings: Settings) -> Claim | None:
    """The claim of an answer: for the moves up and down its value is the bound that is passed. A number that no
    parameter holds makes no claim.
    """
    if asked is None:
        return None
    value = asked.value
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and not abs(number) <= MAX_NUMBER:
        return None
    when = tuple((key, _canonical(key, held, settings)) for key, held in asked.when)
    within = None if asked.within is None or not 0.0 < asked.within <= MAX_NUMBER else float(asked.within)
    within = within if asked.effect == "none" else None
    if asked.move == "to":
        found = _canonical(asked.key, value, settings)
        return Claim(asked.key, "to", asked.effect, value=found, when=when, within=within)
    bound = None if number is None else float(number)
    low, high = (bound, None) if asked.move == "up" else (None, bound)
    return Claim(asked.key, asked.move, asked.effect, low, high, when=when, within=within)


def _canonical(key: str, value: Any, settings: Settings) -> Any:
    if key not in settings.space or settings.space.validate({key: value}):
        return value
    return settings.space[key].canonical(value)
