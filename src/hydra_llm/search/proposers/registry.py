"""Proposers by their name in the configuration, or by the dotted path of a user's own. The module of a built-in one is
imported when it is asked for.

A proposer that takes settings offers a module-level `build(settings: Mapping[str, Any]) -> Proposer`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from hydra_llm.dotted import check_object, load_class
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer

BUILDERS: dict[str, str] = {
    "bayes": "hydra_llm.search.proposers.bayes.proposer",
    "llm": "hydra_llm.search.proposers.llm.build",
    "tpe": "hydra_llm.search.proposers.numeric.tpe",
    "cmaes": "hydra_llm.search.proposers.numeric.cmaes",
    "gp": "hydra_llm.search.proposers.numeric.gp",
}
NAMES = ("rules", "random", *BUILDERS)


def make_proposer(name: str | Proposer, settings: Mapping[str, Any]) -> Proposer:
    """The proposer of that name or dotted path; `settings` go to those that take some (the group `llm`, and the sweep's
    folder). One that a `_target_` node made is used as it is. Raises ValueError with a sentence.
    """
    if not isinstance(name, str):
        return check_object("proposer", name, Proposer)
    if name == RulesProposer.name:
        return RulesProposer()
    if name == RandomProposer.name:
        return RandomProposer()
    if name in BUILDERS:
        return importlib.import_module(BUILDERS[name]).build(settings)
    return load_class("proposer", name, Proposer, ("auto", *NAMES)).from_settings(settings)
