"""Selection policies by their name in the configuration, or by the dotted path of a user's own."""

from __future__ import annotations

from hydra_llm.dotted import check_object, construct, load_class
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.selection.greedy import Greedy
from hydra_llm.search.selection.puct_rank import PuctRank
from hydra_llm.search.selection.puct_reference import PuctReference
from hydra_llm.search.selection.random import RandomParent
from hydra_llm.search.selection.ucb import Ucb
from hydra_llm.search.selection.ucb1 import Ucb1, Ucb1Shifted

POLICIES: dict[str, type[SelectionPolicy]] = {
    policy.name: policy for policy in (PuctRank, Ucb, Ucb1, Ucb1Shifted, PuctReference, Greedy, RandomParent)
}


def make_policy(choice: str | SelectionPolicy, c: float | None) -> SelectionPolicy:
    """The policy of that name or dotted path; `c` None keeps the exploration weight that belongs to it.

    A policy that a `_target_` node made is used as it is. Raises ValueError with a sentence.
    """
    if c is not None and c < 0:
        raise ValueError(f"ucb_c must be at least 0, got {c}: a negative weight would punish unvisited nodes.")
    if not isinstance(choice, str):
        return check_object("selection", choice, SelectionPolicy)
    policy = POLICIES.get(choice) or load_class("selection", choice, SelectionPolicy, POLICIES)
    return construct("selection", policy, **({} if c is None else {"c": c}))
