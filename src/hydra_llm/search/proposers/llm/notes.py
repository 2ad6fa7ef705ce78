"""The part of an answer that proposes no trial: observations, memory edits, a protocol edit, the next block.

They are checked like proposals and handed on as values; who keeps memory and protocol decides what becomes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.answer import LlmAnswer, MemoryEditAnswer, Observation, ProtocolEditAnswer
from hydra_llm.search.proposers.llm.check import MAX_INTEGER, ends_block, one_line
from hydra_llm.search.protocol_text import Protocol, ProtocolError, rules_problem
from hydra_llm.search.space import block_values
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.reasoning import ReasoningMode

MAX_ENTRY = 300  # characters of a memory entry or an observation
MAX_EDITS = 20  # memory edits of one answer


@dataclass(frozen=True)
class Reasoning:
    """What kind of thought an observation is, and the chance (0 to 1) that its author gives it; None where it is
    silent.
    """

    mode: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Notes:
    """What is left after checking. `observations` maps trial numbers to one line each, `reasoning` to its kind;
    `next_block` is complete.
    """

    observations: dict[int, str]
    memory_edits: tuple[MemoryEditAnswer, ...]
    protocol_edit: ProtocolEditAnswer | None
    next_block: dict[str, Any] | None
    next_block_reason: str = ""
    next_block_refused: str = ""  # why a choice cannot be taken
    reasoning: dict[int, Reasoning] = field(default_factory=dict)
    lines: dict[int, dict[str, str]] = field(default_factory=dict)  # trial number -> lines that its log wants


EMPTY = Notes({}, (), None, None)


def check_notes(answer: LlmAnswer, context: Context, block_space: Space | None) -> tuple[Notes, list[str]]:
    """The notes that hold, and one sentence for each that does not.

    `block_space` holds the parameters that may change between blocks; None where the simulation is fixed for ever.
    """
    problems: list[str] = []
    finished = {trial.number for trial in context.trials if trial.state.is_finished}
    observations, reasoning, lines = {}, {}, {}
    for observation in answer.observations:
        if observation.trial in finished:
            observations[observation.trial] = one_line(observation.text, MAX_ENTRY)
            reasoning[observation.trial] = _reasoning(observation, problems)
            lines[observation.trial] = {
                line.name: one_line(line.text, MAX_ENTRY)
                for line in observation.lines
                if line.name in context.log_lines
            }
        else:
            problems.append(f"observations: trial {observation.trial} is not finished or does not exist.")
    edits = []
    for edit in answer.memory_edits[:MAX_EDITS]:
        unknown = [number for number in edit.trials if number not in finished]
        if unknown:
            problems.append(f"memory_edits: trials {unknown} are not finished or do not exist. Link to finished ones.")
        elif edit.action != "add" and not edit.entry:
            problems.append(f"memory_edits: the action {edit.action} needs the name of an entry.")
        elif edit.action != "remove" and not edit.text.strip():
            problems.append(f"memory_edits: the action {edit.action} needs a text.")
        else:
            entry = one_line(edit.entry, MAX_ENTRY) if edit.entry else None
            edits.append(edit.model_copy(update={"text": one_line(edit.text, MAX_ENTRY), "entry": entry}))
    protocol_edit = _protocol_edit(answer.protocol_edit, context, problems)
    next_block, reason, refused = _next_block(answer, context, block_space)
    if refused:
        problems.append(f"next_block: {refused}")
    lines = {number: told for number, told in lines.items() if told}
    return Notes(observations, tuple(edits), protocol_edit, next_block, reason, refused, reasoning, lines), problems


def merged(earlier: Notes, later: Notes | None) -> Notes:
    """The notes after a repair, which may hold slots only: the later ones, with an earlier choice if they make none."""
    if later is None or later == EMPTY:
        return earlier
    if later.next_block is not None or (later.next_block_refused and earlier.next_block is None):
        return later
    return replace(
        later,
        next_block=earlier.next_block,
        next_block_reason=earlier.next_block_reason,
        next_block_refused=earlier.next_block_refused,
    )


def _reasoning(observation: Observation, problems: list[str]) -> Reasoning:
    """Mode and confidence as far as they hold; the observation itself stays in any case."""
    mode, confidence = observation.mode, observation.confidence
    if mode is not None and mode not in list(ReasoningMode):
        problems.append(
            f"observations: the mode {one_line(repr(mode), 40)} is unknown. Choose one of {', '.join(ReasoningMode)}."
        )
        mode = None
    if confidence is not None and not 0.0 <= confidence <= 1.0:
        problems.append(f"observations: the confidence {confidence:g} is no chance. Give a number from 0 to 1.")
        confidence = None
    return Reasoning(mode, confidence)


def _protocol_edit(edit: ProtocolEditAnswer | None, context: Context, problems: list[str]) -> ProtocolEditAnswer | None:
    if edit is None:
        return None
    if not ends_block(context):
        if edit.rules is not None:
            problems.append("protocol_edit: the protocol is edited at the end of a block only. Send null.")
        return None
    if edit.rules is not None:
        problem = rules_problem(edit.rules)
        try:
            Protocol.parse(context.protocol)
        except ProtocolError as error:
            problem = str(error)
        if problem:
            problems.append(f"protocol_edit: {problem}")
            return None
    if not edit.reason.strip():
        problems.append("protocol_edit: the reason is empty. Say why the rules change, or why they need not.")
        return None
    return edit.model_copy(update={"reason": one_line(edit.reason)})


def _next_block(
    answer: LlmAnswer, context: Context, block_space: Space | None
) -> tuple[dict[str, Any] | None, str, str]:
    """The complete regime and the reason for it, or None and the sentence on what is wrong."""
    chosen = answer.next_block
    if chosen is None:
        return None, "", ""
    if not ends_block(context):
        return None, "", "simulation parameters change at the end of a block only. Send null."
    if block_space is None:
        return None, "", "the simulation of this search is fixed, or no block follows. Send null."
    values = {mutation.key: mutation.value for mutation in chosen.values}
    huge = [key for key, value in values.items() if isinstance(value, int) and abs(value) > MAX_INTEGER]
    hostile = [key for key, value in values.items() if "${" in f"{key}{value}"]
    wrong = [f"{key} holds an interpolation." for key in hostile] + [f"{key} is out of any range." for key in huge]
    wrong = wrong or block_space.validate(values)
    if wrong:
        return None, "", one_line(" ".join(wrong))
    regime = block_space.canonical({**context.block.values, **values})
    refused = block_values.refusal(block_space, regime, context.tested_regimes)
    return (None, "", refused) if refused else (regime, one_line(chosen.reason), "")
