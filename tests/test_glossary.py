"""One word for one thing: the glossary against the code, and no class name twice."""

import ast
import importlib
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| `([\w.]+)` \|$", PAGE, re.MULTILINE)


def test_the_glossary_has_rows():
    assert len(ROWS) >= 40


@pytest.mark.parametrize(("word", "meaning", "place"), ROWS, ids=[row[0] for row in ROWS])
def test_a_word_lives_where_the_glossary_says(word, meaning, place):
    pytest.importorskip("torch", reason="the science extra is not installed")
    try:
        importlib.import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        assert hasattr(importlib.import_module(module), name), f"{word}: {place} does not exist"


def test_no_word_is_explained_twice():
    words = [word for row in ROWS for word in row[0].split(", ")]
    assert sorted(set(words)) == sorted(words)


def test_no_two_classes_share_a_name():
    defined = defaultdict(list)
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "hydra_plugins").rglob("*.py")]
    for path in sources:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                defined[node.name].append(str(path.relative_to(ROOT)))
    assert len(defined) > 200
    assert {name: places for name, places in defined.items() if len(places) > 1} == {}
