"""Selection policies by their name in the configuration."""

from __future__ import annotations

from collections.abc import Callable

from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.selection.greedy import Greedy
from hydra_llm.search.selection.puct_rank import PuctRank
from hydra_llm.search.selection.puct_reference import PuctReference
from hydra_llm.search.selection.random import RandomParent
from hydra_llm.search.selection.ucb1 import Ucb1, Ucb1Shifted

POLICIES: dict[str, Callable[..., SelectionPolicy]] = {
    policy.name: policy for policy in (PuctRank, Ucb1, Ucb1Shifted, PuctReference, Greedy, RandomParent)
}


def make_policy(name: str, c: float | None) -> SelectionPolicy:
    """The policy of that name; `c` None keeps the exploration weight that belongs to it."""
    if name not in POLICIES:
        raise ValueError(f"selection={name!r} is unknown. Choose one of {', '.join(POLICIES)}.")
    if c is not None and c < 0:
        raise ValueError(f"ucb_c={c} is negative, which would punish unvisited nodes. Choose ucb_c >= 0.")
    return POLICIES[name]() if c is None else POLICIES[name](c=c)
