"""Hostile and clumsy code, each with the reason for which it never runs."""

from pathlib import Path

import pytest

from hydra_llm.code.identity import tree_digest
from hydra_llm.code.rules import MOST_CHARACTERS, Rules

GOOD = '''"""A strategy."""
import math

import torch
from torch.nn import functional as F

WEIGHT = 0.1


class Mine:
    """With state."""

    horizon = 2

    def __init__(self):
        super().__init__()
        self.seen = {}

    def loss(self, model, batch, step):
        self.seen["last"] = step.number
        return step.configured() + WEIGHT * math.pi * F.relu(torch.ones(())), {"seen": len(self.seen)}
'''


def method(body):
    return f"class Mine:\n    def loss(self, model, batch, step):\n        {body}\n"


def test_a_decent_strategy_breaks_no_rule():
    assert Rules().problems(GOOD) == []


def test_the_examples_of_this_project_break_no_rule():
    for path in (Path(__file__).parents[2] / "examples/strategies").glob("*.py"):
        assert Rules().problems(path.read_text()) == [], path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n" + GOOD, "Line 1: it imports os;"),
        ("from subprocess import run\n" + GOOD, "it imports subprocess;"),
        ("import torch.utils.cpp_extension\n" + GOOD, "it imports torch.utils.cpp_extension;"),
        ("from hydra_llm.data import truth\n" + GOOD, "it imports hydra_llm.data;"),
        ("from . import secrets\n" + GOOD, "it imports .;"),
        (method("return open('/etc/passwd')"), "it uses open"),
        (method("return torch.load('x')"), "reads or writes files"),
        (method("return eval('1')"), "it uses eval"),
        (method("return getattr(model, 'tru' + 'th')"), "it uses getattr"),
        (method("return model.truth.sum()"), "what an experimenter does not know"),
        (method("return model.types.sum()"), "what an experimenter does not know"),
        (method("return ().__class__.__bases__"), "it asks for .__class__"),
        (method("return '{0.__class__}'.format(model)"), "double underscore"),
        (method("return __builtins__"), "it uses __builtins__"),
        (method("return model._modules"), "which is private"),
        (method("return torch.ops.aten"), "reaches into a library"),
        (method("return torch.multiprocessing.spawn(1)"), "reaches processes"),
        (method("return math.os.environ"), "reaches processes or the environment"),
        (method("torch.nn.functional.mse_loss = None"), "a monkeypatch"),
        (method("model.W = None"), "a monkeypatch"),
        (method("model.W.data.zero_()"), "reaches into a library or the interpreter"),
        (method("torch.set_default_dtype(1)"), "reaches into a library or the interpreter"),
        (method("global WEIGHT"), "another scope"),
        ("print('hello')\n" + GOOD, "Line 1: something happens while the file is read"),
        ("WEIGHT = torch.ones(3)\n" + GOOD, "something happens while the file is read"),
        ("for k in range(3):\n    pass\n" + GOOD, "something happens while the file is read"),
        ("class Mine(metaclass=Meta):\n    pass\n", "a metaclass"),
        ("class Mine(:\n", "Line 1: it does not parse"),
        ("x = 1\0", "It does not parse"),
        ("#" * (MOST_CHARACTERS + 1), f"at most {MOST_CHARACTERS} characters"),
        ("(" * 5000, "does not parse"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_line(text, said):
    problems = Rules().problems(text)
    assert any(said in problem for problem in problems), problems


def test_further_imports_are_declared_by_name():
    assert Rules(imports=("scipy.signal",)).problems("from scipy.signal import hilbert\n") == []


def test_the_same_idea_in_other_words_has_the_same_digest():
    other = (
        GOOD.replace("Mine", "Other").replace("WEIGHT", "FACTOR").replace('"""With state."""', '"""Text."""')
        + "\n# a comment\n"
    ).replace("def loss(self, model, batch, step)", "def loss(self, net, sample, at: int) -> None")
    other = other.replace("step.number", "at.number").replace("step.configured", "at.configured")
    assert tree_digest(GOOD) == tree_digest(other)


@pytest.mark.parametrize("change", [("0.1", "0.2"), ("horizon = 2", "horizon = 3"), ("F.relu", "F.gelu")])
def test_another_idea_has_another_digest(change):
    assert tree_digest(GOOD) != tree_digest(GOOD.replace(*change))
