"""Whether a regime was searched for long enough: its target is reached, or nothing better was found for a while.

Scores of different regimes are not compared: in the hardest nothing is better than what the easiest gave at once.
"""

from __future__ import annotations

from bisect import bisect_right

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings


def spent(state: SweepState, settings: Settings) -> str:
    """Why the present regime (the whole sweep where there is one only) needs no further trial, "" while it does."""
    stop = settings.stop
    if (stop.target_value is None and stop.patience is None) or not state.blocks:
        return ""
    alone = settings.block_space is None
    node = None if alone else state.tree.best()
    best = state.best() if alone else None if node is None else state.trials[node.id]
    if best is None:
        return ""
    if settings.objectives is not None:
        best = state.trials[max(member.number for member in state.front)]  # nothing joined the front after it
    if stop.target_value is not None:
        tree = state.trees[best.block]
        if tree.reward(tree.node(best.number)) >= settings.objective.score(stop.target_value):
            return f"the target {settings.objective.name} = {stop.target_value:g} is reached"
    if stop.patience is not None:
        searched = state.search if alone else [trial.number for trial in state.block_trials(best.block)]
        later = searched[bisect_right(searched, best.number) :]
        since = sum(state.trials[number].state.is_finished for number in later)
        if since >= stop.patience:
            what = "better configuration" if settings.objectives is None else "configuration joined the front"
            return f"no {what} in {since} trials (patience {stop.patience})"
    return ""
