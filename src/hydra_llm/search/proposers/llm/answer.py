"""The answer contract: what a language model may say, as types. The words for the model are in
instructions/_response.md.

An answer is data. Nothing in it is syntax: keys are names to be looked up among the declared parameters, values are
JSON scalars, texts are texts. The JSON schema that is sent with the question is derived from these classes, with the
declared parameters as the only keys it admits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hydra_llm.search.trial.reasoning import ReasoningMode

MAX_PROBLEMS = 12  # sentences returned to the model at once

MemorySection = Literal["established", "tentative", "falsified", "open question", "block summary"]
MemoryAction = Literal["add", "revise", "demote", "remove"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mutation(_Part):
    """One parameter and its new value."""

    key: str
    value: bool | int | float | str | None


class Hypothesis(_Part):
    """What the trial should show: the interval that holds the metric with a chance of 80 %, and what would refute
    it.
    """

    statement: str
    low: float
    high: float
    refuted_if: str


class SlotAnswer(_Part):
    """A proposal for one slot. `parent` is a trial number, null only while nothing has been run."""

    slot: int
    role: str
    strategy: str
    parent: int | None
    mutations: list[Mutation]
    hypothesis: Hypothesis
    principle: str | None  # quoted from the memory; for the role principle-test
    reason: str


class LogLineAnswer(_Part):
    """What the log of this family wants to hear beside the observation: a line by its name."""

    name: str
    text: str


class Observation(_Part):
    """One line about a finished trial. `mode` is a word of search/reasoning.py, `confidence` a chance from 0 to 1; a
    model that names neither is still heard.
    """

    trial: int
    text: str
    mode: str | None = None
    confidence: float | None = None
    lines: list[LogLineAnswer] = []


class ClaimAnswer(_Part):
    """A principle in a form that later trials test: moving `key` up or down (beyond `value`, if there is one), or to
    `value`, makes the metric better, worse, or neither.
    """

    key: str
    move: Literal["up", "down", "to"]
    value: bool | int | float | str | None
    effect: Literal["better", "worse", "none"]


class MemoryEditAnswer(_Part):
    """One entry of the memory; `entry` names an existing one unless the action is add."""

    action: MemoryAction
    section: MemorySection
    entry: str | None
    text: str
    trials: list[int]
    claim: ClaimAnswer | None = None


class ProtocolEditAnswer(_Part):
    """At a block's end: the whole text between the markers, or null for no change; the reason either way."""

    rules: str | None
    reason: str


class NextBlock(_Part):
    """At a block's end: the simulation configuration of the next block."""

    values: list[Mutation]
    reason: str


class LlmAnswer(_Part):
    slots: list[SlotAnswer]
    observations: list[Observation]
    memory_edits: list[MemoryEditAnswer]
    protocol_edit: ProtocolEditAnswer | None
    next_block: NextBlock | None


def read_answer(parsed: Mapping[str, Any]) -> tuple[LlmAnswer | None, list[str]]:
    """The typed answer, or None with one sentence per thing that does not follow the contract."""
    try:
        return LlmAnswer.model_validate(parsed), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [f"{_place(item['loc'])}: {item['msg']}." for item in found[:MAX_PROBLEMS]]
        if len(found) > MAX_PROBLEMS:
            problems.append(f"There are {len(found) - MAX_PROBLEMS} more problems of this kind.")
        return None, problems


def answer_schema(keys: Sequence[str], block_keys: Sequence[str] = ()) -> dict[str, Any]:
    """The strict JSON schema of an answer; `keys` and `block_keys` are the only parameter names it admits."""
    schema = LlmAnswer.model_json_schema()
    definitions = schema["$defs"]
    definitions["Mutation"]["properties"]["key"]["enum"] = list(keys)
    definitions["ClaimAnswer"]["properties"]["key"]["enum"] = list(keys)
    definitions["Observation"]["properties"]["mode"] = {
        "anyOf": [{"type": "string", "enum": [*ReasoningMode]}, {"type": "null"}]
    }
    if block_keys:
        moved = {**definitions["Mutation"], "properties": {**definitions["Mutation"]["properties"]}}
        moved["properties"]["key"] = {"type": "string", "enum": list(block_keys)}
        definitions["BlockValue"] = moved
        definitions["NextBlock"]["properties"]["values"]["items"] = {"$ref": "#/$defs/BlockValue"}
    return _strict(schema)


def _strict(node: Any) -> Any:
    """Without titles and descriptions, every property required, no property beyond: what strict servers ask for."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {
        name: {key: _strict(item) for key, item in value.items()} if name in ("properties", "$defs") else _strict(value)
        for name, value in node.items()
        if not (name in ("title", "description") and isinstance(value, str)) and name != "default"
    }
    if plain.get("type") == "object":
        plain["required"] = list(plain.get("properties", {}))
        plain["additionalProperties"] = False
    return plain


def _place(location: Sequence[int | str]) -> str:
    """slots[0].mutations[1].value, without the names of union members."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in ("bool", "int", "float", "str"):
            text += f".{part}" if text else str(part)
    return text or "the answer"
