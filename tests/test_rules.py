"""docs/rules.md is held to what it says: tests that show a rule are there, and words of a protocol reach the model."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from llm_sweeps import small

from hydra_llm.llm.instructions import instruction_names, instruction_text
from hydra_llm.search.proposers.llm.prompt import build_prompt
from programs import PYTHON, finish

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
WORDS = re.compile(r'`(\w+)`: ("[^"]+"(?:, "[^"]+")*)')


def rows():
    """(rule, where it is carried, what shows it) of every table row; a bar inside quoted words ends no cell."""
    found = []
    for line in PAGE.splitlines():
        if line.startswith("| ") and not line.startswith("| Rule |"):
            rule, place, shown = line.strip("| ").split(" | ", 2)
            found.append((rule, place, shown))
    return found


ROWS = rows()
IDS = [rule[:60] for rule, _, _ in ROWS]


@cache
def functions_in(path):
    """Names of the test functions that pytest collects from a file, by its rules of naming."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@cache
def question(protocol):
    """What a model that works by this protocol is sent, white space aside. A start memory travels as the memory."""
    text = instruction_text(protocol)
    fields = {"memory": text} if protocol.endswith("_memory") else {"protocol": text}
    context = small(**fields)
    built = build_prompt(context, tuple(slot.index for slot in context.slots), 1, 60_000)
    assert built.dropped == {}
    return " ".join(f"{built.system}\n{built.user}".split())


def test_the_page_has_rules_on_every_topic():
    assert len(ROWS) > 100
    assert len(set(IDS)) == len(IDS), "each rule is said once"
    assert PAGE.count("\n| Rule | Carried by | Shown by |\n") == PAGE.count("\n## ") - 1, "but for what is not built"


@pytest.mark.parametrize(("rule", "place", "shown"), ROWS, ids=IDS)
def test_a_rule_is_carried_by_files_that_exist(rule, place, shown):
    files = re.findall(r"`([^`]+)`", place)
    assert files, rule
    for file in files:
        root = ROOT if file.startswith(("instructions/", "conf/")) else ROOT / "src" / "hydra_llm"
        assert (root / file).is_file(), file


@pytest.mark.parametrize(("rule", "place", "shown"), ROWS, ids=IDS)
def test_a_rule_is_shown_by_tests_where_code_carries_it_and_by_the_models_words_where_text_does(rule, place, shown):
    tests, words = TEST.findall(shown), WORDS.findall(shown)
    for path, name in tests:
        assert Path(path).name.startswith("test_"), path
        assert name in functions_in(path), f"{path} has no {name}"
    for protocol, quoted in words:
        for phrase in re.findall(r'"([^"]+)"', quoted):
            assert phrase in question(protocol), f"{protocol} does not say: {phrase}"
    assert tests or words
    assert tests or not re.search(r"`search/[\w/]+\.py`", place), "what the search carries is shown by a test"
    told = {Path(file).stem for file in re.findall(r"`instructions/(\w+)\.md`", place)}
    assert told == {protocol for protocol, _ in words if protocol in told}, "what a protocol carries is quoted"


def test_no_protocol_carries_tags_of_a_catalogue_that_nobody_can_look_up():
    names = instruction_names()
    assert "signal" in names
    for name in names:
        assert not re.search(r"\[R\d+\]", instruction_text(name)), name


@pytest.mark.slow
def test_every_test_that_shows_a_rule_is_collected():
    nodes = sorted({f"{path}::{name}" for _, _, shown in ROWS for path, name in TEST.findall(shown)})
    command = [PYTHON, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", *nodes]
    finish(command, ROOT)
