"""The table of keys agrees with itself and with the names that code knows."""

import dataclasses
from typing import get_args, get_type_hints

import pytest

from hydra_llm.keys.sweeper import CONFIRM, LLM, PRUNING, SEARCH, STOP, SWEEPER
from hydra_llm.llm.factory import CLIENTS
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.transcript import MODES
from hydra_llm.search.proposers.registry import NAMES
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.pruning.registry import RULES
from hydra_llm.search.roles import DEFAULT_START, STARTS
from hydra_llm.search.selection.registry import POLICIES
from hydra_llm.search.settings import Budget, Settings, Stop
from hydra_llm.search.tree.reward import REWARDS
from hydra_llm.search.trial.objective import Direction

TABLES = {"sweeper": SWEEPER, "confirm": CONFIRM, "search": SEARCH, "stop": STOP, "pruning": PRUNING, "llm": LLM}
ALL = [(f"{table}.{name}", key) for table, keys in TABLES.items() for name, key in keys.items()]


@pytest.mark.parametrize(("name", "key"), ALL, ids=[name for name, _ in ALL])
def test_a_key_takes_its_own_default_and_has_a_line_of_help(name, key):
    assert key.problem(key.default) == ""
    assert key.help
    assert not key.help.endswith(".")


@pytest.mark.parametrize(
    ("key", "known"),
    [
        (SWEEPER["proposer"], {"auto", *NAMES}),
        (SWEEPER["selection"], set(POLICIES)),
        (SWEEPER["direction"], set(get_args(Direction))),
        (SWEEPER["reward"], set(REWARDS)),
        (SWEEPER["start"], {DEFAULT_START, *STARTS}),
        (CONFIRM["budgets"], set(get_args(Budget))),
        (PRUNING["direction"], set(get_args(Direction))),
        (PRUNING["rule"], set(RULES)),
        (LLM["client"], set(CLIENTS)),
        (LLM["transcript"], set(MODES)),
    ],
)
def test_choices_are_the_names_that_code_knows(key, known):
    assert set(key.choices) == known


@pytest.mark.parametrize(
    ("table", "made", "apart"),
    [(STOP, Stop, set()), (PRUNING, Pruning, {"watch_s", "first_rung", "reduction_factor"}), (LLM, LlmSettings, set())],
)
def test_what_is_made_from_a_table_has_its_keys_and_defaults(table, made, apart):
    defaults = {field.name: getattr(made(), field.name) for field in dataclasses.fields(made)}
    assert set(table) - apart <= set(defaults) <= set(table)
    assert {name: defaults[name] for name in set(table) - apart} == {
        name: table[name].default for name in set(table) - apart
    }


@pytest.mark.parametrize(("table", "made"), [(STOP, Stop), (LLM, LlmSettings), (SWEEPER, Settings)])
def test_types_of_a_table_are_those_of_the_class_that_is_made_from_it(table, made):
    hints = get_type_hints(made)
    simple = {name: key for name, key in table.items() if key.kind in (int, float, str, bool) and name in hints}
    assert len(simple) >= 6, "nothing was compared"
    for name, key in simple.items():
        kinds = {kind for kind in (get_args(hints[name]) or (hints[name],)) if kind is not type(None)}
        assert kinds == {key.kind}, name
