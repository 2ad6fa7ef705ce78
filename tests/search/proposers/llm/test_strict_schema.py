"""The schema of an answer keeps the published rules of strict mode, for every search that is shipped: every member
required and none beyond, a subset of the keywords, limits of size, and alternatives that their first key tells apart.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

import json
from itertools import combinations
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from llm_sweeps import SPACE
from omegaconf import OmegaConf

from hydra_llm.search.proposers.llm.answer import answer_schema
from hydra_llm.search.space.dimension import Categorical, Integer
from hydra_llm.search.space.space import Space
from hydra_llm.sweeper import grammar

ROOT = Path(__file__).parents[4]
SEARCHES = sorted(path.stem for path in (ROOT / "conf" / "search").glob("*.yaml") if path.stem != "schema")
KEYWORDS = {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
}
SCALARS = {"string", "number", "integer", "boolean"}


class Rules:
    """Walks a schema and collects what strict mode would refuse."""

    def __init__(self, schema):
        self.schema = schema
        self.problems = []
        self.properties = self.enums = self.characters = self.depth = 0
        if schema.get("type") != "object":
            self.problems.append("the root is no object")
        self.node(schema, "$", 0)
        for name, definition in schema.get("$defs", {}).items():
            self.characters += len(name)
            self.node(definition, f"$defs.{name}", 0, deep=False)
        for limit, found in (("properties", self.properties), ("enum values", self.enums)):
            if found > {"properties": 5000, "enum values": 1000}[limit]:
                self.problems.append(f"{found} {limit}")
        if self.depth > 10:
            self.problems.append(f"{self.depth} levels")
        if self.characters > 120_000:
            self.problems.append(f"{self.characters} characters of names")

    def resolved(self, node):
        return self.schema["$defs"][node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else node

    def node(self, node, where, depth, deep=True):
        strange = set(node) - KEYWORDS
        if strange:
            self.problems.append(f"{where}: {sorted(strange)} are not supported")
        if "$ref" in node:
            if len(node) > 1:
                self.problems.append(f"{where}: a reference stands alone")
            if deep:
                self.node(self.resolved(node), where, depth)
            return
        if not {"type", "enum", "const", "anyOf"} & set(node):
            self.problems.append(f"{where} has no type")
        self.scalars(node, where)
        if deep:
            self.depth = max(self.depth, depth)
        if "enum" in node and not deep:
            self.enums += len(node["enum"])
            self.characters += sum(len(str(value)) for value in node["enum"])
        if node.get("type") == "object":
            self.members(node, where, depth, deep)
        if node.get("type") == "array":
            self.node(node["items"], f"{where}[]", depth, deep)
        for place, kind in enumerate(node.get("anyOf", ())):
            self.node(kind, f"{where}|{place}", depth, deep)
        self.alternatives([self.resolved(kind) for kind in node.get("anyOf", ())], where)

    def members(self, node, where, depth, deep):
        if node.get("additionalProperties") is not False:
            self.problems.append(f"{where} admits more")
        if sorted(node.get("required", ())) != sorted(node["properties"]):
            self.problems.append(f"{where} does not require all")
        if not deep or where == "$":
            self.properties += len(node["properties"])
            self.characters += sum(map(len, node["properties"]))
        for name, value in node["properties"].items():
            self.node(value, f"{where}.{name}", depth + 1, deep)

    def scalars(self, node, where):
        kinds = [kind.get("type") for kind in node.get("anyOf", ())] or node.get("type")
        several = {str(kind) for kind in kinds} & SCALARS if isinstance(kinds, list) else set()
        if len(several) > 1:
            self.problems.append(f"{where} is open: {sorted(several)}")

    def alternatives(self, kinds, where):
        firsts = [next(iter(kind["properties"].items())) for kind in kinds if kind.get("type") == "object"]
        for (name, first), (other, second) in combinations(firsts, 2):
            if name == other and (not first.get("enum") or set(first["enum"]) & set(second.get("enum", first["enum"]))):
                self.problems.append(f"{where}: two alternatives begin with the same {name}")


def spaces(name):
    found = OmegaConf.load(ROOT / "conf" / "search" / f"{name}.yaml")
    base = next((item for item in found.get("defaults", []) if item not in ("schema", "_self_")), None)
    if base is not None:
        found = OmegaConf.merge(OmegaConf.load(ROOT / "conf" / "search" / f"{base}.yaml"), found)
    parser = OverridesParser.create()
    space, block = (
        Space(tuple(grammar.from_params(OmegaConf.to_container(found[key]), parser).dimensions.values()))
        if found.get(key)
        else None
        for key in ("params", "block_params")
    )
    return space, block


@pytest.mark.parametrize("name", SEARCHES)
def test_the_answer_to_every_shipped_search_keeps_the_rules_of_strict_mode(name):
    space, block = spaces(name)
    schema = answer_schema(space, block)
    rules = Rules(schema)
    assert rules.problems == []
    assert rules.properties > 40
    assert rules.enums >= len(space.free())
    assert len(json.dumps(schema)) < 12_000


def test_values_have_the_type_of_their_parameter_in_moves_claims_and_conditions():
    schema = answer_schema(SPACE)
    moves, claims = schema["$defs"]["Mutation"]["anyOf"], schema["$defs"]["ClaimAnswer"]["anyOf"]
    assert [kind["properties"]["value"]["type"] for kind in moves] == ["number", "integer", "string"]
    assert [kind["properties"]["value"]["type"][0] for kind in claims] == ["number", "integer", "string"]
    for kind in claims:
        assert kind["properties"]["when"]["items"] == {"$ref": "#/$defs/Mutation"}


def test_choices_that_may_be_null_and_a_single_kind_of_parameter_keep_the_rules():
    rank = Categorical(name="rank", choices=(None, 5, 10), default=None)
    flag = Categorical(name="flag", choices=(True, False), default=True)
    for dimensions in ((rank,), (rank, flag), (Integer(name="n", low=1, high=4, default=2),)):
        assert Rules(answer_schema(Space(dimensions))).problems == []


def test_the_rules_find_what_strict_mode_refuses():
    good = answer_schema(SPACE)
    assert Rules(good).problems == []
    claim = good["$defs"]["ClaimAnswer"]["anyOf"][0]
    for wrong, words in (
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, "is open"),
        ({"type": "number", "default": 1}, "not supported"),
        ({"anyOf": [claim, claim]}, "begin with the same"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, "require all"),
        ({}, "no type"),
    ):
        broken = {**good, "$defs": {**good["$defs"], "ClaimAnswer": wrong}}
        assert any(words in problem for problem in Rules(broken).problems), words
