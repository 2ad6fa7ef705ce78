"""Pruning rules by their name in the configuration, or by the dotted path of a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.dotted import check_object, load_class
from hydra_llm.search.pruning.asha import AshaRule
from hydra_llm.search.pruning.base import PruningRule
from hydra_llm.search.pruning.median import MedianRule

RULES: dict[str, type[PruningRule]] = {rule.name: rule for rule in (MedianRule, AshaRule)}


def make_rule(choice: str | PruningRule, settings: Mapping[str, Any]) -> PruningRule:
    """The rule of that name or dotted path, made from the keys of hydra.sweeper.pruning; a rule that a `_target_` node
    made is used as it is. Raises ValueError with a sentence.
    """
    if not isinstance(choice, str):
        return check_object("pruning.rule", choice, PruningRule)
    found = RULES.get(choice) or load_class("pruning.rule", choice, PruningRule, (*RULES, "null"))
    return found.from_settings(settings)
