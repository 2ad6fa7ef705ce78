import importlib

import pytest

from hydra_llm.search.proposers.rules.order import OFF, ORDER
from hydra_llm.search.rules_map import RULES


@pytest.mark.parametrize(("rule", "place"), RULES.items())
def test_the_place_of_every_rule_exists(rule, place):
    module, _, name = place.rpartition(".")
    assert hasattr(importlib.import_module(module), name), rule


def test_a_strategy_that_claims_a_rule_is_the_place_where_the_map_sends_its_reader():
    strategies = {type(s) for rules in ORDER.values() for s in rules} | {type(s) for s in OFF}
    for strategy in strategies:
        for rule in strategy.rules:
            assert rule in RULES, f"{strategy.__name__} carries {rule}, which the map does not know"
    places = {place.rpartition(".")[2] for place in RULES.values() if ".strategies." in place}
    assert places - {s.__name__ for s in strategies} <= {"rerun"}
