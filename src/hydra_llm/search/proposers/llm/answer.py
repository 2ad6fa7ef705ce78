"""The answer contract: what a language model may say, as types. The words for the model are in
instructions/_response.md.

An answer is data. Nothing in it is syntax: keys are names to be looked up among the declared parameters, values are
JSON scalars, texts are texts. The JSON schema that is sent with the question is derived from these classes, with the
declared parameters as the only keys it admits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from hydra_llm.search.space.dimension import Categorical, Dimension, Integer
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.reasoning import ReasoningMode

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
    """A proposal for one slot. `parent` is a trial number, null while nothing has been run; with a `candidate` of the
    pool, by its number, the mutations start there.
    """

    slot: int
    role: str
    strategy: str
    candidate: int | None = None
    parent: int | None
    mutations: list[Mutation]
    interaction: str | None = None
    recordings: list[int] = []
    hypothesis: Hypothesis
    principle: str | None = None  # quoted from the memory; for the role principle-test
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
    refuted: bool | None = None
    lines: list[LogLineAnswer] = []


class ClaimAnswer(_Part):
    """A principle in a form that later trials test: moving `key` up or down (from `value` or beyond), or to
    `value`, makes the metric better, worse, or neither.
    """

    key: str
    move: Literal["up", "down", "to"]
    value: bool | int | float | str | None
    effect: Literal["better", "worse", "none"]
    within: float | None = None
    when: list[Mutation] = []


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
    """What is beside the slots may be missing: a proposal is not worth less without it. The schema asks for all."""

    slots: list[SlotAnswer]
    observations: list[Observation] = []
    memory_edits: list[MemoryEditAnswer] = []
    protocol_edit: ProtocolEditAnswer | None = None
    next_block: NextBlock | None = None


def answer_schema(space: Space, block_space: Space | None = None) -> dict[str, Any]:
    """The strict JSON schema of an answer. The free parameters of `space`, and all of `block_space`, are the only names
    that it admits, each with values of its own type.
    """
    schema = LlmAnswer.model_json_schema()
    definitions = schema["$defs"]
    moves = _moves(space.free())
    definitions["Mutation"] = moves
    definitions["ClaimAnswer"] = _claims(space.free(), definitions["ClaimAnswer"])
    definitions["Observation"]["properties"]["mode"] = {
        "anyOf": [{"type": "string", "enum": [*ReasoningMode]}, {"type": "null"}]
    }
    if block_space is not None:
        definitions["BlockValue"] = _moves(block_space.dimensions)
        definitions["NextBlock"]["properties"]["values"]["items"] = {"$ref": "#/$defs/BlockValue"}
    return strict(schema)


def _moves(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """A parameter and its value, one alternative for each type of value."""
    return _one_of([{"type": "object", "properties": typed} for typed in _typed(dimensions)])


def _claims(dimensions: Sequence[Dimension], claim: dict[str, Any]) -> dict[str, Any]:
    """A claim on a parameter and a value of its own type or null, one alternative for each type of value."""
    kinds = []
    for typed in _typed(dimensions):
        value = typed["value"]
        kind = value["type"] if isinstance(value["type"], list) else [value["type"]]
        or_null = {**value, "type": list(dict.fromkeys([*kind, "null"]))}
        if "enum" in value:
            or_null["enum"] = [*value["enum"], None]
        kinds.append({**claim, "properties": {**claim["properties"], "key": typed["key"], "value": or_null}})
    return _one_of(kinds)


def _typed(dimensions: Sequence[Dimension]) -> list[dict[str, dict[str, Any]]]:
    """Schemas of `key` and `value`, one pair for each type of value: what names the alternative comes first."""
    by_type: dict[str, list[str]] = {}
    for dimension in dimensions:
        by_type.setdefault(json.dumps(_value_schema(dimension)), []).append(dimension.name)
    return [{"key": {"type": "string", "enum": names}, "value": json.loads(value)} for value, names in by_type.items()]


def _one_of(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _value_schema(dimension: Dimension) -> dict[str, Any]:
    """Numbers of a choice are plain numbers; words are named one by one."""
    if isinstance(dimension, Integer):
        return {"type": "integer"}
    if not isinstance(dimension, Categorical):
        return {"type": "number"}
    kinds = sorted({_json_type(choice) for choice in (*dimension.choices, dimension.default)})
    if kinds == ["string"]:
        return {"type": "string", "enum": list(dict.fromkeys([*dimension.choices, dimension.default]))}
    kinds = [kind for kind in kinds if kind != "integer" or "number" not in kinds]
    return {"type": kinds[0] if len(kinds) == 1 else kinds}


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "string"


def strict(node: Any) -> Any:
    """Without titles and descriptions, every property required, no property beyond: what strict servers ask for."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {
        name: {key: strict(item) for key, item in value.items()} if name in ("properties", "$defs") else strict(value)
        for name, value in node.items()
        if not (name in ("title", "description") and isinstance(value, str)) and name != "default"
    }
    if plain.get("type") == "object":
        plain["required"] = list(plain.get("properties", {}))
        plain["additionalProperties"] = False
    return plain
