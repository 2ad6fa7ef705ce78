"""The language model as a proposer: ask, check, return what is wrong, and fall back in the open.

A wrong answer goes back with the exact reasons, at most `max_repairs` times; slots that were right stay right. What is
still open then goes to the coded rules, with a provenance that says so, or ends the sweep if the settings say `stop`.
The proposer keeps no state of its own: the prompt is built from the context, and the transcript answers a question that
was asked before.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from hydra_llm.llm.base import Answer, Client, Message, OnText, Request
from hydra_llm.llm.errors import LlmError
from hydra_llm.llm.factory import build_client
from hydra_llm.llm.instructions import instruction_text
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.tokens import IMAGE_TOKENS
from hydra_llm.llm.usage import MeteredClient, RecordedCall, TotalUsage, usage_of
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerStop
from hydra_llm.search.proposers.llm.answer import read_answer
from hydra_llm.search.proposers.llm.check import check_slots, ends_block, one_line
from hydra_llm.search.proposers.llm.notes import EMPTY, Notes, check_notes, merged
from hydra_llm.search.proposers.llm.prompt import build_prompt
from hydra_llm.search.proposers.llm.prompt_figures import figures
from hydra_llm.search.proposers.llm.prompt_text import fence
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.slot_params import ask_by_lane
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal

log = logging.getLogger(__name__)

BY_RULES = ("baseline",)  # roles that leave nothing to decide
MAX_REASON = 160  # characters of a failure's reason in a provenance
MAX_PROBLEM = 600  # characters of a sentence that is returned
MAX_RETURNED = 8_000  # characters of a wrong answer that are shown to its author again


@dataclass(frozen=True)
class Decision:
    """How one question ended, beside the proposals: for records, memory, protocol and the ledger's line."""

    notes: Notes
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]  # sentences that were returned to the model
    failed: str | None  # why slots went to the rules, None if none did
    dropped: Mapping[str, int]  # rows left out of the prompt, by section
    question: Mapping[str, Any] = field(default_factory=dict)  # for the event log: what was asked, and what it cost


class LlmProposer:
    name: ClassVar[str] = "llm"
    sees_all_slots: ClassVar[bool] = True  # one question for all slots of a batch, whatever they keep for themselves

    def __init__(
        self,
        client: Client,
        settings: LlmSettings,
        protocol: str = "",
        fallback: Proposer | None = None,
        on_text: OnText | None = None,
    ) -> None:
        settings.check()
        self._client = client
        self._settings = settings
        self._protocol = protocol
        self._fallback = fallback or RulesProposer()
        self._on_text = on_text
        self.last: Decision | None = None

    @property
    def protocol(self) -> str:
        """The text for a context that brings none."""
        return self._protocol

    @property
    def spent(self) -> TotalUsage | None:
        """What was used so far, earlier sessions with a transcript included; None where nobody counts."""
        return self._client.meter.spent if isinstance(self._client, MeteredClient) else None

    def resume(self, calls: Iterable[RecordedCall]) -> None:
        """Count what earlier sessions used, as the event log has it; the transcript may have counted it already."""
        if isinstance(self._client, MeteredClient):
            self._client.meter.restore(self._client.model, calls)

    def propose(self, context: Context) -> list[Proposal]:
        asked = tuple(slot for slot in context.slots if slot.role not in BY_RULES)
        if not asked:
            self.last = None
            return ask_by_lane(self._fallback, context)
        accepted, failed = self._ask(replace(context, protocol=context.protocol or self._protocol), asked)
        if failed is not None and self._settings.on_llm_failure == "stop":
            raise ProposerStop(f"The language model could not fill every slot, and on_llm_failure is stop: {failed}")
        return self._fill(context, asked, accepted, failed)

    def review(self, context: Context) -> None:
        """Look back on a block: observations, memory, protocol and the next block, and no proposal. `last` holds the
        notes; without an answer they are empty.
        """
        _, failed = self._ask(replace(context, protocol=context.protocol or self._protocol), ())
        if failed is None:
            return
        if self._settings.on_llm_failure == "stop":
            raise ProposerStop(
                f"The language model did not look back on the block, and on_llm_failure is stop: {failed}"
            )
        log.warning("The block ends without a review by the language model: %s", failed)

    # ---- asking ----

    def _ask(self, context: Context, asked: Sequence[Slot]) -> tuple[dict[int, Proposal], str | None]:
        """Proposals by slot, and why some are missing (None if none is)."""
        prompt = build_prompt(
            context,
            tuple(slot.index for slot in asked),
            self._settings.max_mutations,
            self._settings.max_prompt_tokens,
        )
        for section, count in prompt.dropped.items():
            log.info("The prompt leaves out %d rows of '%s' for length.", count, section)
        block_keys = context.block_space.names if context.block_space is not None and ends_block(context) else ()
        images, left_out = (), 0
        if self._settings.figures:
            room = max(0, self._settings.max_prompt_tokens - prompt.n_tokens)
            images, left_out = figures(context, most=room // IMAGE_TOKENS)
        request = prompt.request(context, images, block_keys, left_out)
        accepted: dict[int, Proposal] = {}
        notes, answers, calls, returned = EMPTY, [], [], []
        failed: str | None = None
        for attempt in range(self._settings.max_repairs + 1):
            try:
                answer = self._client.complete(request, self._on_text)
                if self._on_text is not None:
                    self._on_text("\n")
            except LlmError as error:
                failed = str(error)
                break
            answers.append(answer)
            calls.append(self._call(request, answer))
            for sentence in answer.notes:
                log.info("%s", sentence)
            open_slots = [slot for slot in asked if slot.index not in accepted]
            problems, checked_notes = self._check(answer, context, open_slots, accepted)
            notes = merged(notes, checked_notes)
            settled = (
                not problems or attempt == self._settings.max_repairs
            )  # a review is corrected, notes alone are not
            if all(slot.index in accepted for slot in asked) if asked else settled and checked_notes is not None:
                failed = None
                for problem in problems:
                    log.info("Left out of the model's answer: %s", problem)
                break
            problems = [one_line(problem, MAX_PROBLEM) for problem in problems]
            returned += problems
            failed = f"{attempt + 1} answers with errors, the last: {problems[0] if problems else 'no proposal'}"
            log.info("The model's answer is returned to it: %s", " ".join(problems))
            request = _repair(request, answer, problems, [s.index for s in asked if s.index not in accepted])
        question = {
            "slots": [slot.index for slot in asked],
            "calls": calls,
            "problems": returned,
            "failed": failed or "",
            "left_out": {**prompt.dropped, **({"figures": left_out} if left_out else {})},
        }
        self.last = Decision(notes, tuple(answers), tuple(returned), failed, prompt.dropped, question)
        if isinstance(self._client, MeteredClient):
            log.info("The language model so far: %s.", self._client.meter.spent.line())
        return accepted, failed

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
            "estimated": estimated,
            "expected_prompt_tokens": request.n_tokens,
            "cost": None if meter is None else meter.cost(self._client.model, usage),
            "notes": list(answer.notes),
        }

    def _check(
        self, answer: Answer, context: Context, open_slots: Sequence[Slot], accepted: dict[int, Proposal]
    ) -> tuple[list[str], Notes | None]:
        """What is wrong with an answer; proposals that are right are entered into `accepted`."""
        if answer.parsed is None:
            return [answer.json_error or "The answer is no JSON object."], None
        typed, problems = read_answer(answer.parsed)
        if typed is None:
            return problems, None
        checked = check_slots(
            typed, context, open_slots, list(accepted.values()), max_mutations=self._settings.max_mutations
        )
        accepted.update(checked.proposals)
        notes, note_problems = check_notes(typed, context, context.block_space)
        return checked.problems + note_problems, notes

    # ---- filling ----

    def _fill(
        self, context: Context, asked: Sequence[Slot], accepted: dict[int, Proposal], failed: str | None
    ) -> list[Proposal]:
        """One proposal per slot, in order; the open ones and the rules' own roles come from the fallback."""
        filled = dict(accepted)
        models_own = {slot.index for slot in asked}
        missing = tuple(slot for slot in context.slots if slot.index not in filled)
        claimed = {context.space.key(proposal.values) for proposal in accepted.values()}
        rest = replace(context, slots=missing, rejected=context.rejected | claimed)
        for slot, proposal in zip(missing, ask_by_lane(self._fallback, rest) if missing else (), strict=True):
            if slot.index in models_own:
                reason = one_line(failed or "no proposal", MAX_REASON)
                proposal = replace(proposal, provenance=Provenance(self._fallback.name, f"llm failed: {reason}"))
                log.warning("Slot %d goes to the %s: %s", slot.index, self._fallback.name, reason)
            filled[slot.index] = proposal
        return [filled[slot.index] for slot in context.slots]


def _repair(request: Request, answer: Answer, problems: Sequence[str], open_slots: Sequence[int]) -> Request:
    """The same question with the wrong answer and its reasons appended; only the last wrong answer is kept."""
    first = request.messages[:2]
    shown = answer.text.strip()[:MAX_RETURNED] or "(empty)"
    reasons = "\n".join(f"- {problem}" for problem in problems)
    numbers = ", ".join(str(index) for index in open_slots)
    wanted = f"with proposals for slots {numbers} only; the other slots are settled" if numbers else "the whole answer"
    text = (
        f"This cannot be used as it is:\n\n{fence(reasons, 'the checks')}\n\n"
        f"Answer again, {wanted}. Keep to the form of the answer."
    )
    return replace(request, messages=(*first, Message("assistant", shown), Message("user", text)))


def build(settings: Mapping[str, Any], client: Client | None = None, write: OnText | None = None) -> LlmProposer:
    """The proposer from plain settings: the group `llm`, and two facts about the sweep.

    `folder` is the sweep's folder, where `transcripts/` goes; `instructions` names the protocol for a context that
    brings none.
    """
    values = dict(settings)
    folder = Path(str(values.pop("folder", None) or "."))
    protocol = instruction_text(str(values.pop("instructions", None) or "generic"))
    llm = LlmSettings.of(values)
    if client is None:
        client = build_client(llm, folder / "transcripts")
    return LlmProposer(client, llm, protocol, on_text=write or _to_console)


def _to_console(words: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(words.encode(encoding, "replace").decode(encoding))  # a console need not know every character
    sys.stdout.flush()
