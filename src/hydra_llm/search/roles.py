"""Which role each slot of a batch plays.

Four slots, the reference size: exploit, exploit, replicate, replicate until the three best configurations have three
runs each; then exploit, exploit, explore, and replicate or principle-test in turn. An empty tree starts with the
baseline.
"""

from __future__ import annotations

from hydra_llm.choice import check_choice
from hydra_llm.search.context import Slot
from hydra_llm.search.proposers.rules.replicate import ENOUGH_RUNS, TOP
from hydra_llm.search.tree.tree import Tree

WARM_UP = 3  # scored configurations before any slot replicates: the best of one or two says little
BASELINE_BATCHES = 3  # start=baselines: batches that run nothing but the defaults
DEFAULT_START = "diverse"
STARTS = (DEFAULT_START, "baselines")


def assign(tree: Tree, count: int, batch: int, *, replicating: bool, start: str) -> tuple[Slot, ...]:
    """Roles for `count` slots; `batch` (from 0) lets the last slot alternate; `replicating` is off without seed
    keys.
    """
    check_choice("start", start, STARTS)
    if len(tree) == 0:
        others = "baseline" if start == "baselines" and replicating else "diverse"
        return tuple(Slot(i, "baseline" if i == 0 else others) for i in range(count))
    if start == "baselines" and replicating and batch < BASELINE_BATCHES and count > 1:
        return tuple(Slot(i, "baseline") for i in range(count))
    if count == 1:
        return (Slot(0, "free"),)
    return tuple(Slot(i, role) for i, role in enumerate(_roles(tree, count, batch, replicating)))


def _roles(tree: Tree, count: int, batch: int, replicating: bool) -> list[str]:
    exploit = ["exploit"] * ((count + 1) // 2)
    rest = count - len(exploit)
    if replicating and _unsettled(tree):
        return exploit + ["replicate"] * rest
    last = "replicate" if replicating and batch % 2 == 0 else "principle-test"
    return exploit + ["explore"] * (rest - 1) + [last]


def _unsettled(tree: Tree) -> bool:
    """Whether one of the best configurations has too few runs."""
    top = tree.top(TOP)
    return len(top) >= WARM_UP and any(node.runs + node.pending < ENOUGH_RUNS for node in top)
