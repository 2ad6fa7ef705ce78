"""Ask a decision of a recorded sweep again: the same question, word for word, and how often the same choice comes back.

The question is the recorded one (transcripts/), figures included; the client is the sweep's (multirun.yaml) unless a
setting says otherwise. First answers are compared with the recorded first answer, so corrections play no part.
Answers are kept in SWEEP/repeat/, and asking again goes on from there. The event log is read and never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hydra_llm.llm.base import Answer, Client, Image, Message, OnText, Request
from hydra_llm.llm.errors import LlmError
from hydra_llm.llm.factory import build_client
from hydra_llm.llm.transcript import Transcript
from hydra_llm.report.errors import RepeatError
from hydra_llm.report.recorded_model import recorded_model
from hydra_llm.report.repeatability.agreement import (
    ASPECTS,
    ChosenValues,
    Rate,
    agreement_among,
    agreement_with,
    direction,
)
from hydra_llm.search.log.event_log import EVENTS_NAME, EventLogError, read_events
from hydra_llm.search.log.events import Asked, Event, Header, Question, Told
from hydra_llm.search.log.reader import space_of
from hydra_llm.search.proposers.llm.answer import SlotAnswer
from hydra_llm.search.proposers.llm.reading import read_answer

TRANSCRIPTS, FOLDER = "transcripts", "repeat"


@dataclass(frozen=True)
class RecordedDecision:
    """One recorded question: `number` counts from 1, `trial` is the number of the first trial that it filled."""

    number: int
    trial: int
    block: int
    slots: tuple[int, ...]
    digest: str


@dataclass(frozen=True)
class Repetition:
    """What came of asking again: the recorded choices, those of each answer, and why others gave none."""

    decision: RecordedDecision
    model: str
    times: int
    recorded: dict[int, ChosenValues]
    draws: tuple[dict[int, ChosenValues], ...]
    unusable: tuple[str, ...]

    def rates(self) -> dict[str, tuple[Rate, Rate]]:
        """Per aspect: agreement with the recorded decision, and of all answers (the recorded one included)."""
        everything = [self.recorded, *self.draws]
        return {
            aspect: (agreement_with(self.recorded, self.draws, aspect), agreement_among(everything, aspect))
            for aspect in ASPECTS
        }

    def as_json(self) -> dict[str, Any]:
        rates = {name: [asdict(rate) for rate in pair] for name, pair in self.rates().items()}
        return {**asdict(self), "rates": rates}

    def render(self) -> str:
        """A page of Markdown."""
        lines = [
            f"# Decision {self.decision.number} (trial {self.decision.trial}, block {self.decision.block}), "
            f"asked again {self.times} times",
            "",
            f"Model: {self.model}. Usable answers: {len(self.draws)} of {self.times}.",
            "",
            "| what | agrees with the recorded decision | two answers agree |",
            "|---|---|---|",
        ]
        lines += [f"| {name} | {recorded} | {among} |" for name, (recorded, among) in self.rates().items()]
        lines += ["", "Shares with 95 % intervals (Wilson; bootstrap over answers).", ""]
        for slot in self.decision.slots:
            lines += [f"## Slot {slot}", "", "| choice | times | |", "|---|---|---|"]
            lines += self._choices(slot)
            lines.append("")
        lines += [f"- no choice: {reason}" for reason in self.unusable]
        return "\n".join(lines).rstrip() + "\n"

    def _choices(self, slot: int) -> list[str]:
        recorded = self.recorded.get(slot)
        held = [draw[slot] for draw in self.draws if slot in draw]
        kinds: dict[Any, list[ChosenValues]] = {}
        for choice in [*([recorded] if recorded else []), *held]:
            kinds.setdefault((choice.parent, choice.moves), []).append(choice)
        rows = []
        for choices in kinds.values():
            among = [choice for choice in choices if choice is not recorded]
            texts = sorted({choice.text for choice in choices})
            marks = ["recorded"] if any(choice is recorded for choice in choices) else []
            marks += sorted({choice.problem for choice in choices if choice.problem})
            rows.append((len(among), f"| {'; '.join(texts)} | {len(among)} | {', '.join(marks)} |"))
        return [row for _, row in sorted(rows, key=lambda pair: -pair[0])]


def decisions(folder: Path) -> list[RecordedDecision]:
    """The questions of a sweep that a model was asked, in order. Raises RepeatError where there is no sweep."""
    found = []
    for event in _events(folder)[1]:
        if isinstance(event, Question) and event.calls and event.slots:  # a review fills none
            digest = event.calls[0].digest
            found.append(RecordedDecision(len(found) + 1, event.number, event.block, event.slots, digest))
    return found


def repeat(folder: Path, decision: int, times: int, client: Client, on_text: OnText | None = None) -> Repetition:
    """Ask decision number `decision` (from 1) `times` more times. Raises RepeatError with a sentence."""
    if times < 1:
        raise RepeatError(f"times must be at least 1, got {times}.")
    listed = decisions(folder)
    if not 1 <= decision <= len(listed):
        known = f"1 to {len(listed)}" if listed else "none: no question to a model is on record"
        raise RepeatError(f"The sweep in {folder} has no decision {decision}. There are {known}.")
    wanted = listed[decision - 1]
    transcript = Transcript(folder / TRANSCRIPTS)
    record = transcript.read(wanted.digest)
    if record is None:
        raise RepeatError(
            f"The question of decision {decision} is not in {transcript.folder}. Only a sweep with "
            "hydra.sweeper.llm.transcript=record can be asked again."
        )
    reader = _Reader(*_events(folder), wanted)
    answer = record["answer"]
    recorded = reader.choices(Answer.from_record(answer)) if answer is not None else ({}, record["error"]["message"])
    request = _request(record["request"], transcript)
    draws, unusable = [], []
    for sample in range(1, times + 1):
        try:
            found, problem = reader.choices(client.complete(replace(request, sample=sample), on_text))
        except LlmError as error:
            found, problem = {}, str(error)
        if problem:
            unusable.append(f"answer {sample}: {problem}")
        else:
            draws.append(found)
    return Repetition(wanted, client.model, times, recorded[0], tuple(draws), tuple(unusable))


class _Reader:
    """Reads answers as choices: against the trials that were known when the question was asked."""

    def __init__(self, header: Header, events: Sequence[Event], decision: RecordedDecision) -> None:
        self._space = space_of(header.space)
        self._values: dict[int, Mapping[str, Any]] = {}
        self._finished: set[int] = set()
        self._slots = decision.slots
        for event in events:
            if isinstance(event, Asked):
                if any(trial.number >= decision.trial for trial in event.trials):
                    break
                self._values |= {trial.number: trial.proposal.values for trial in event.trials}
            elif isinstance(event, Told):
                self._finished.add(event.number)

    def choices(self, answer: Answer) -> tuple[dict[int, ChosenValues], str]:
        """Choices by slot; or {} and what is wrong with the answer as a whole."""
        if answer.parsed is None:
            return {}, answer.json_error or "no JSON object"
        typed, problems = read_answer(answer.parsed)
        if typed is None:
            return {}, problems[0]
        return {given.slot: self._choice(given) for given in typed.slots if given.slot in self._slots}, ""

    def _choice(self, given: SlotAnswer) -> ChosenValues:
        start = self._values.get(given.parent, {}) if given.parent is not None else self._space.baseline()
        moved = {mutation.key: mutation.value for mutation in given.mutations}
        problems = self._space.validate(moved)
        if given.parent is not None and given.parent not in self._finished:
            problems = [f"parent {given.parent} had no result", *problems]
        moves = tuple(sorted((key, direction(self._space, key, start.get(key), new)) for key, new in moved.items()))
        parent = "root" if given.parent is None else f"node {given.parent}"
        text = ", ".join(f"{key}={_plain(value)}" for key, value in moved.items()) or "no change"
        return ChosenValues(given.parent, moves, f"{parent}: {text}", _plain(problems[0]) if problems else "")


def client_of(folder: Path, changes: Mapping[str, Any]) -> Client:
    """The client of the recorded sweep with some settings changed; answers are kept in SWEEP/repeat/."""
    own = {
        "transcript": changes.get("transcript", "record"),
        "on_llm_failure": "rules",
    }  # a failure is counted, not waited for
    try:
        return build_client(recorded_model(folder, {**changes, **own}), folder / FOLDER / TRANSCRIPTS)
    except ValueError as error:
        raise RepeatError(str(error)) from None


def write(folder: Path, repetition: Repetition) -> Path:
    """The page and its numbers in SWEEP/repeat/; returns the path of the page."""
    page = folder / FOLDER / f"decision_{repetition.decision.number:03d}.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(repetition.render(), encoding="utf-8")
    page.with_suffix(".json").write_text(json.dumps(repetition.as_json(), indent=1), encoding="utf-8")
    return page


def listing(folder: Path) -> str:
    """The decisions that can be repeated, a line each."""
    rows = [f"{d.number}: trial {d.trial}, block {d.block}, slots {list(d.slots)}" for d in decisions(folder)]
    return "\n".join(rows) or "No question to a model is on record."


def _events(folder: Path) -> tuple[Header, list[Event]]:
    try:
        events = read_events(folder / EVENTS_NAME)
    except EventLogError as error:
        raise RepeatError(str(error)) from None
    if not events or not isinstance(events[0], Header):
        raise RepeatError(f"{folder} holds no sweep ({EVENTS_NAME} is missing or empty). Name a sweep folder.")
    return events[0], events


def _request(record: Mapping[str, Any], transcript: Transcript) -> Request:
    messages = []
    for message in record["messages"]:
        images = []
        for image in message["images"]:
            path = transcript.figure(image["sha256"])
            if not path.is_file():
                raise RepeatError(f"The figure {image['name']} of this question is not in {path.parent}.")
            images.append(Image(image["name"], image["media_type"], path.read_bytes()))
        messages.append(Message(message["role"], message["text"], tuple(images)))
    return Request(tuple(messages), record["schema"], record["schema_name"])


def _plain(value: Any) -> str:
    """A value or sentence of an answer on one line of a table."""
    text = " ".join(str(value).replace("|", "/").split())
    return text if len(text) <= 80 else text[:79] + "…"
