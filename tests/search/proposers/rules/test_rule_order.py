"""The coded rules and the protocols say the same order in the same words; docs/rules.md declares what is a family's
own.
"""

import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from shipped_searches import SEARCHES, search

from hydra_llm.llm.instructions import instruction_names, instruction_text
from hydra_llm.search.proposers.rules.order import ORDER, STATED
from hydra_llm.search.proposers.rules.strategy import Stated
from hydra_llm.search.statistics.conditions import ROLE, Row, names, rows
from hydra_llm.search.trial.strategy_names import ALIASES
from hydra_llm.search.triggers import MetricTrigger

PAGE = (Path(__file__).parents[4] / "docs" / "rules.md").read_text(encoding="utf-8")
OWN = set(re.findall(r'^- `(\w+)`, ([\w-]+): "(.+?)"', PAGE, re.MULTILINE))
CODED = [rule for rule in (*STATED, ORDER["free"][-2]) if hasattr(rule, "when")]


def stated(protocol):
    """(name, condition) of the coded rules in their order, with the metrics of a search that has this protocol."""
    found = next(s for s in map(search, SEARCHES) if s.instructions == protocol)
    return [(rule.name, rule.when.format(predicts=found.meaning.predicts, metric=found.metric)) for rule in CODED]


def focus(protocol):
    """The same of the rows that a search with this protocol declares itself."""
    declared = [(s, row) for s in map(search, SEARCHES) if s.instructions == protocol for row in s.get("focus", [])]
    return [(row.name, in_words(MetricTrigger.of(OmegaConf.to_container(row)), s.metric)) for s, row in declared]


def in_words(trigger, metric):
    """The condition of a trigger as a protocol states it."""
    over = f" in {trigger.runs} trials" if trigger.runs > 1 else ""
    parts = [f"{name} {bound(*bounds)}{over}" for name, bounds in trigger.when.items()]
    parts += [f"{metric} rising in {max(2, trigger.runs)} trials"] if trigger.improving else []
    parts += [f"in the first {trigger.until} trials"] if trigger.until else []
    return " and ".join(parts)


def bound(low, high):
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"within {low:g}-{high:g}"


def table(protocol):
    return [row for row in rows(instruction_text(protocol)) if row.condition != ROLE]


@pytest.mark.parametrize("protocol", instruction_names())
def test_every_row_of_a_coded_strategy_is_a_coded_rule_in_the_same_words_or_declared_as_the_familys_own(protocol):
    coded = {rule.name for rule in CODED}
    known = {*stated(protocol), *focus(protocol)}
    others = [row for row in table(protocol) if (row.strategy, row.condition) not in known]
    assert [row for row in others if row.strategy in coded and (protocol, row.strategy, row.condition) not in OWN] == []


@pytest.mark.parametrize("protocol", instruction_names())
def test_the_rows_that_are_coded_stand_in_the_coded_order(protocol):
    order = {rule: place for place, rule in enumerate(stated(protocol))}
    places = [order[row.strategy, row.condition] for row in table(protocol) if (row.strategy, row.condition) in order]
    assert len(places) > 1
    assert places == sorted(places)


def test_every_coded_rule_is_told_by_a_protocol():
    told = {(row.strategy, row.condition) for protocol in instruction_names() for row in table(protocol)}
    assert [rule for rule in CODED if (rule.name, rule.when) not in told and "{" not in rule.when] == []
    assert ("break-degeneracy", stated("signal")[3][1]) in told


def test_rows_that_a_search_declares_stand_in_its_protocol_in_their_words_and_order():
    found = [(row.strategy, row.condition) for row in table("metabolism_homeostasis")]
    declared = list(dict.fromkeys(focus("metabolism_homeostasis")))
    assert len(declared) == 8
    assert [row for row in found if row in declared] == declared


def test_what_is_declared_as_a_familys_own_is_there():
    there = {(protocol, row.strategy, row.condition) for protocol in instruction_names() for row in table(protocol)}
    assert len(OWN) > 3
    assert there >= OWN


@pytest.mark.parametrize("role", sorted(set(ORDER) - {"baseline", "diverse", "replicate"}))
def test_every_role_asks_its_rules_in_the_one_order(role):
    places = [STATED.index(rule) for rule in ORDER[role] if rule in STATED]
    assert len(places) > 2
    assert places == sorted(places)


def test_coded_rules_with_words_are_judged_by_the_records():
    for rule in STATED:
        if isinstance(rule, Stated):
            assert list(names(Row(rule.when, rule.name).condition)) == [], rule.when


def test_an_earlier_name_is_no_present_one():
    present = {row.strategy for protocol in instruction_names() for row in table(protocol)}
    present |= {rule.name for rules in ORDER.values() for rule in rules}
    assert not present & set(ALIASES)
    assert set(ALIASES.values()) <= present
