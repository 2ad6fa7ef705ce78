"""One question to the model, and what comes of it: ask, check, return what is wrong.

A wrong answer goes back with the exact reasons, at most `max_repairs` times, whatever was wrong with it; slots that
were right stay right.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra_llm.llm.base import Answer, Client, Message, OnText, Request
from hydra_llm.llm.errors import FOR_GOOD, ImagesRefused, LlmError
from hydra_llm.llm.first_question import ask_first
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.usage import MeteredClient, usage_of
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.decision import Decision, Refusal
from hydra_llm.search.proposers.llm.check import check_slots
from hydra_llm.search.proposers.llm.notes import check_notes, merged
from hydra_llm.search.proposers.llm.prompt import build_prompt
from hydra_llm.search.proposers.llm.prompt_figures import figures
from hydra_llm.search.proposers.llm.prompt_text import fence
from hydra_llm.search.proposers.llm.reading import read_answer
from hydra_llm.search.proposers.notes import NO_NOTES, Notes
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.trial.trial import Proposal

log = logging.getLogger(__name__)

ENOUGH_REFUSALS = 2
MAX_PROBLEMS = 12  # sentences returned to the model at once
MAX_PROBLEM = 600  # characters of a sentence that is returned
MAX_RETURNED = 8_000  # characters of a wrong answer that are shown to its author again


@dataclass
class _Talk:
    """A question in the making: what is right so far, and what was said."""

    context: Context
    slots: Sequence[Slot]
    others: Sequence[Proposal]  # of the batch, by somebody else
    accepted: dict[int, Proposal] = field(default_factory=dict)
    notes: Notes = NO_NOTES
    heard: bool = False  # whether an answer followed the form
    refused: list[Refusal] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)  # sentences that the model got back

    @property
    def open_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.index not in self.accepted]

    def take(self, answer: Answer, max_mutations: int) -> list[str]:
        """Keep what is right in an answer; returns what is wrong with the rest."""
        self.heard = False
        if answer.parsed is None:
            return [answer.json_error or "The answer is no JSON object."]
        typed, problems = read_answer(answer.parsed)
        if typed is None:
            return problems
        self.heard = True
        batch = [*self.others, *self.accepted.values()]
        checked = check_slots(typed, self.context, self.open_slots, batch, max_mutations)
        self.accepted |= checked.proposals
        self.refused += checked.refused
        notes, note_problems = check_notes(typed, self.context, self.context.block_space)
        self.notes = merged(self.notes, notes)
        return problems + checked.problems + note_problems

    def is_done(self, problems: Sequence[str], last: bool) -> bool:
        """A review is corrected until nothing is wrong with it; notes beside proposals are not."""
        return not self.open_slots if self.slots else self.heard and (last or not problems)


class Conversation:
    def __init__(self, client: Client, settings: LlmSettings, on_text: OnText | None) -> None:
        self._client = client
        self._settings = settings
        self._on_text = on_text
        self.sees = settings.figures != "never"  # until it is found out otherwise
        self._refusals = 0  # questions in a row that no repetition would help

    def begin(self, asked: int) -> Decision | None:
        """The first question (llm/first_question.py); None if there is none to ask."""
        reply = ask_first(self._client, asked)
        if reply is None:
            return None
        if reply.error is not None:
            self._count(reply.error)
        elif not reply.problem:
            log.info("The language model can be asked: %s.", reply.line)
        calls = [] if reply.answer is None else [self._call(reply.request, reply.answer)]
        return Decision(questions=({"slots": [], "calls": calls, "failed": reply.problem},), failed=reply.problem)

    def ask(self, context: Context, slots: Sequence[Slot], others: Sequence[Proposal] = ()) -> Decision:
        """Proposals for these slots, as far as the model gives them; `others` share the batch."""
        if self._refusals >= ENOUGH_REFUSALS:
            return Decision(
                failed=f"{self._refusals} questions in a row were refused for good; none is asked until resume"
            )
        request, left_out = self._question(self._as_seen(context), slots)
        talk = _Talk(context, slots, others)
        failed = ""
        for attempt in range(self._settings.max_repairs + 1):
            try:
                try:
                    answer = self._client.complete(request, self._on_text)
                except ImagesRefused as refused:
                    if self._settings.figures == "always":
                        raise
                    log.warning("%s No more figures are sent or spoken of.", refused)
                    self.sees = False
                    request, left_out = self._question(self._as_seen(context), slots)
                    answer = self._client.complete(request, self._on_text)
            except LlmError as error:
                failed = str(error)
                self._count(error)
                break
            self._refusals = 0
            if self._on_text is not None:
                self._on_text("\n")
            talk.calls.append(self._call(request, answer))
            for sentence in answer.notes:
                log.info("%s", sentence)
            problems = talk.take(answer, self._settings.max_mutations)
            if talk.is_done(problems, last=attempt == self._settings.max_repairs):
                failed = ""
                for problem in _bounded(problems):
                    log.info("Left out of the model's answer: %s", problem)
                break
            problems = [one_line(problem, MAX_PROBLEM) for problem in _bounded(problems)]
            talk.returned += problems
            failed = f"{attempt + 1} answers with errors, the last: {problems[0] if problems else 'no proposal'}"
            log.info("The model's answer is returned to it: %s", " ".join(problems))
            request = _repair(request, answer, problems, talk)
        if isinstance(self._client, MeteredClient):
            log.info("The language model so far: %s.", self._client.meter.spent.line())
        question = {
            "slots": [slot.index for slot in slots],
            "calls": talk.calls,
            "problems": talk.returned,
            "failed": failed,
            "left_out": left_out,
        }
        return Decision(tuple(talk.accepted.values()), talk.notes, tuple(talk.refused), (question,), failed)

    def _count(self, error: LlmError) -> None:
        """A refusal that repetition does not help opens the circuit when it comes twice in a row."""
        self._refusals = self._refusals + 1 if isinstance(error, FOR_GOOD) else 0
        if self._refusals == ENOUGH_REFUSALS:
            log.warning(
                "The language model is asked nothing more until the sweep is resumed: %d questions in a row were "
                "refused, the last one with: %s",
                self._refusals,
                error,
            )

    def _as_seen(self, context: Context) -> Context:
        """Without a figure nothing is asked about one."""
        if self.sees:
            return context
        blind = {name: hint for name, hint in context.log_lines.items() if name not in context.lines_by_sight}
        return replace(context, log_lines=blind)

    def _question(self, context: Context, slots: Sequence[Slot]) -> tuple[Request, Mapping[str, int]]:
        """The request, and how many rows of which section it leaves out."""
        indices = tuple(slot.index for slot in slots)
        prompt = build_prompt(context, indices, self._settings.max_mutations, self._settings.max_prompt_tokens)
        for section, count in prompt.dropped.items():
            log.info("The prompt leaves out %d rows of '%s' for length.", count, section)
        images, unshown = (), 0
        if self.sees:
            images, unshown = figures(context, max(0, self._settings.max_prompt_tokens - prompt.n_tokens))
        left_out = {**prompt.dropped, **({"figures": unshown} if unshown else {})}
        return prompt.request(context, images, unshown), left_out

    def _call(self, request: Request, answer: Answer) -> dict[str, Any]:
        """One call as the event log keeps it: address, how the JSON came, tokens and cost."""
        usage, estimated = usage_of(answer, request.n_tokens)
        meter = self._client.meter if isinstance(self._client, MeteredClient) else None
        return {
            "digest": request.digest(self._client.model),
            "model": answer.model,
            "json": str(answer.json_source),
            "attempts": answer.attempts,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "estimated": estimated,
            "expected_prompt_tokens": request.n_tokens,
            "cost": None if meter is None else meter.cost(self._client.model, usage),
            "notes": list(answer.notes),
        }


def _bounded(problems: Sequence[str]) -> list[str]:
    """The first MAX_PROBLEMS of them, and how many more there are."""
    more = len(problems) - MAX_PROBLEMS
    return [*problems[:MAX_PROBLEMS], *([f"There are {more} more problems of this kind."] if more > 0 else [])]


def _repair(request: Request, answer: Answer, problems: Sequence[str], talk: _Talk) -> Request:
    """The question with the wrong answer and its reasons appended: what is new comes last and repeats nothing, no
    figure either. Only the last wrong answer is kept. It counts as another sample, so that a transcript does not answer
    it from before.
    """
    first = tuple(replace(message, images=()) for message in request.messages[:2])  # the figures were seen
    shown = answer.text.strip()[:MAX_RETURNED] or "(empty)"
    reasons = "\n".join(f"- {problem}" for problem in problems)
    open_slots = [str(slot.index) for slot in talk.open_slots]
    settled = [str(index) for index in talk.accepted]
    kept = [f"slots {', '.join(settled)}"] if settled else []
    kept += ["observations and other notes"] if talk.notes != NO_NOTES else []
    said = f"Kept: {'; '.join(kept)}. Sending them again changes nothing.\n\n" if kept else ""
    wanted = f"slots {', '.join(open_slots)} only" if open_slots else "the whole answer"
    text = (
        f"This cannot be used as it is:\n\n{fence(reasons, 'the checks')}\n\n"
        f"{said}Answer again, with {wanted}. Keep to the form of the answer."
    )
    messages = (*first, Message("assistant", shown), Message("user", text))
    return replace(request, messages=messages, sample=request.sample + 1)
