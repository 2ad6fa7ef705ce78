"""The part of an answer that proposes no trial: observations, memory edits, a protocol edit, the next block.

They are checked like proposals and handed on as values; who keeps memory and protocol decides what becomes of them.
"""

from __future__ import annotations

from dataclasses import replace

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.answer import (
    ClaimAnswer,
    LlmAnswer,
    MemoryEditAnswer,
    Observation,
    ProtocolEditAnswer,
)
from hydra_llm.search.proposers.llm.check import MAX_INTEGER
from hydra_llm.search.proposers.llm.edited_table import table_problem
from hydra_llm.search.proposers.notes import NO_NOTES, BlockWish, ClaimWish, EditWish, Notes, Remark, RulesWish
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.protocol_text import Protocol, ProtocolError
from hydra_llm.search.space import block_values
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.reasoning import ReasoningMode

MAX_ENTRY = 300  # characters of a memory entry or an observation
MAX_EDITS = 20  # memory edits of one answer


def check_notes(answer: LlmAnswer, context: Context, block_space: Space | None) -> tuple[Notes, list[str]]:
    """The notes that hold, and one sentence for each that does not.

    `block_space` holds the parameters that may change between blocks; None where the simulation is fixed for ever.
    """
    problems: list[str] = []
    finished = {trial.number for trial in context.trials if trial.state.is_finished}
    observations = {}
    for observation in answer.observations:
        if observation.trial in finished:
            observations[observation.trial] = _remark(observation, context, problems)
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
            edits.append(_edit(edit))
    protocol_edit = _protocol_edit(answer.protocol_edit, context, problems)
    next_block = _next_block(answer, context, block_space)
    if next_block is not None and next_block.refused:
        problems.append(f"next_block: {next_block.refused}")
    return Notes(observations, tuple(edits), protocol_edit, next_block), problems


def merged(earlier: Notes, later: Notes | None) -> Notes:
    """The notes after a repair, which may hold slots only: the later ones, with an earlier choice if they make none."""
    if later is None or later == NO_NOTES:
        return earlier
    return replace(later, next_block=earlier.joined(later).next_block)


def _remark(observation: Observation, context: Context, problems: list[str]) -> Remark:
    """Mode and confidence as far as they hold; the observation itself stays in any case."""
    mode, confidence = observation.mode, observation.confidence
    if mode is not None and mode not in list(ReasoningMode):
        problems.append(
            f"observations: the mode {one_line(repr(mode), 40)} is unknown. Choose one of {', '.join(ReasoningMode)}."
        )
        mode = None
    if confidence is not None and not 0.0 <= confidence <= 1.0:
        problems.append(f"observations: the confidence must be from 0 to 1, got {confidence:g}.")
        confidence = None
    told = {line.name: one_line(line.text, MAX_ENTRY) for line in observation.lines if line.name in context.log_lines}
    return Remark(one_line(observation.text, MAX_ENTRY), mode, confidence, observation.refuted, told)


def _claim(asked: ClaimAnswer) -> ClaimWish:
    when = tuple((condition.key, condition.value) for condition in asked.when)
    return ClaimWish(asked.key, asked.move, asked.value, asked.effect, when, asked.within)


def _edit(asked: MemoryEditAnswer) -> EditWish:
    claim = None if asked.claim is None else _claim(asked.claim)
    entry = one_line(asked.entry, MAX_ENTRY) if asked.entry else None
    return EditWish(asked.action, asked.section, entry, one_line(asked.text, MAX_ENTRY), tuple(asked.trials), claim)


def _protocol_edit(edit: ProtocolEditAnswer | None, context: Context, problems: list[str]) -> RulesWish | None:
    if edit is None:
        return None
    if not context.is_review:
        if edit.rules is not None:
            problems.append("protocol_edit: the protocol is edited at the end of a block only. Send null.")
        return None
    if edit.rules is not None:
        problem = _rules_problem(context, edit.rules, edit.reason)
        if problem:
            problems.append(f"protocol_edit: {problem}")
            return None
    if not edit.reason.strip():
        problems.append("protocol_edit: the reason is empty. Say why the rules change, or why they need not.")
        return None
    return RulesWish(edit.rules, one_line(edit.reason))


def _rules_problem(context: Context, rules: str, reason: str) -> str:
    """Why these rules may not stand in the protocol, in sentences; "" for nothing."""
    try:
        edited = Protocol.parse(context.protocol).with_rules(rules)
    except ProtocolError as error:
        return str(error)
    return table_problem(context, edited.text, reason) if reason.strip() else ""


def _next_block(answer: LlmAnswer, context: Context, block_space: Space | None) -> BlockWish | None:
    """The complete values and the reason for them, or what is wrong; None if the answer says nothing."""
    chosen = answer.next_block
    if chosen is None:
        return None
    if not context.is_review:
        return BlockWish(None, refused="simulation parameters change at the end of a block only. Send null.")
    if block_space is None:
        return BlockWish(None, refused="the simulation of this search is fixed, or no block follows. Send null.")
    values = {mutation.key: mutation.value for mutation in chosen.values}
    huge = [key for key, value in values.items() if isinstance(value, int) and abs(value) > MAX_INTEGER]
    hostile = [key for key, value in values.items() if "${" in f"{key}{value}"]
    wrong = [f"{key} holds an interpolation." for key in hostile] + [f"{key} is out of any range." for key in huge]
    wrong = wrong or block_space.validate(values)
    if wrong:
        return BlockWish(None, refused=one_line(" ".join(wrong)))
    block = block_space.canonical({**context.block.values, **values})
    refused = block_values.refusal(block_space, block, context.tested_regimes)
    return BlockWish(None, refused=refused) if refused else BlockWish(block, one_line(chosen.reason))
