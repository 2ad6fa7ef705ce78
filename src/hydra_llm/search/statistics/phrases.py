"""Conditions of a strategy table that have no formula: the phrase in which protocols and coded rules state them, judged
by records.

A phrase maps to a function of the context that returns the detail where the condition holds, and "" where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from statistics import median

from hydra_llm.search.context import Context
from hydra_llm.search.statistics import history, openings
from hydra_llm.search.statistics.crossings import crossings
from hydra_llm.search.statistics.replication import rerun_candidate
from hydra_llm.search.statistics.variance import HIGH_CV

Holds = Callable[[Context], str]

SUCCESSES = 3
CONVERGED = 4
PARTIAL = 4
PARTIAL_AT_A_LIMIT = 3
SAME_PARAMETER = 4
CHAIN = 8
PROBE = "failure-probe"


def _run(streak: Callable[[Context], int], count: Callable[[Context], int]) -> Holds:
    def holds(context: Context) -> str:
        found = streak(context)
        return f"{found} in a row" if found >= count(context) > 0 else ""

    return holds


def _quarter(context: Context) -> int:
    return context.rates.window


def _new_best(context: Context) -> str:
    """A good configuration that leads and ran once."""
    best = history.new_best(context)
    if best is None or best.mean is None or context.thresholds is None:
        return ""
    return f"node {best.id} ran once" if context.thresholds.is_success(context.objective, best.mean) else ""


def _open_contest(context: Context) -> str:
    node = rerun_candidate(context)
    return "" if node is None else f"run node {node.id} again"


def _still_improving(context: Context) -> str:
    streak = history.partial_improvement(context, PARTIAL)
    return f"{streak} in a row" if streak else ""


def _partial_at_a_limit(context: Context) -> str:
    """The probe is one of them: a run of partial results that began long after it says nothing of that limit."""
    latest = islice(history.latest_finished(context), PARTIAL_AT_A_LIMIT)
    probed = any(trial.proposal.strategy == PROBE for trial in latest)
    streak = history.partial_streak(context)
    return f"{len(streak)} in a row" if probed and len(streak) >= PARTIAL_AT_A_LIMIT else ""


def _one_parameter(context: Context) -> str:
    key, streak = history.dimension_streak(context)
    return f"{key}, {streak} times" if key is not None and streak >= SAME_PARAMETER else ""


def _chain(context: Context) -> str:
    streak = history.sequential_streak(context)
    return f"{streak} steps" if streak >= CHAIN else ""


def _far_apart(context: Context) -> str:
    found = next(crossings(context), None)
    return "" if found is None else f"nodes {found.better.id} and {found.other.id}"


def _reruns_differ(context: Context) -> str:
    spreads = [cv for node in context.tree.replicated() if (cv := node.cv) is not None]
    return f"median CV {median(spreads):.2g}" if spreads and median(spreads) > HIGH_CV else ""


def _partial_run(context: Context) -> str:
    streak = history.partial_streak(context)
    return f"{len(streak)} in a row" if len(streak) >= PARTIAL else ""


def _failed_run(context: Context) -> str:
    limits, latest = context.thresholds, context.finished[-PARTIAL:]
    if limits is None or len(latest) < PARTIAL:
        return ""
    failed = all(limits.classify(context.objective, trial.value) == "failed" for trial in latest)
    return "the latest four" if failed else ""


def _no_gain(context: Context) -> str:
    """The latest four configurations are no better than their parents on equal recordings."""
    latest = [node for node in context.tree.nodes if node.scores and node.parent is not None][-PARTIAL:]
    if len(latest) < PARTIAL:
        return ""
    for node in latest:
        parent = context.tree.parent(node)
        pair = None if parent is None else context.recordings.pair(node, parent)
        if parent is None or pair is None or (pair.mean > 0 and not context.recordings.is_even(node, parent)):
            return ""
    return "nodes " + ", ".join(str(node.id) for node in latest)


def _yes(found: bool) -> str:
    return "yes" if found else ""


LEFT_OPEN: Mapping[str, Holds] = {
    "a configuration lacks a recording": lambda c: "; ".join(openings.lacks_a_recording(c)),
    "two single changes never ran together": lambda c: "; ".join(map(str, openings.corners(c))),
    "a parameter was never moved": lambda c: ", ".join(openings.never_moved(c)),
    "a parameter was never moved at the leader": lambda c: ", ".join(openings.never_moved_at_the_leader(c)),
    "the leader is at the edge of a range": lambda c: ", ".join(openings.at_an_edge(c)),
    "the metric is at its ceiling": openings.at_the_ceiling,
}
PHRASES: Mapping[str, Holds] = {
    **LEFT_OPEN,  # what the records leave open
    "which configuration is the best is open": _open_contest,
    "two changes that helped never ran together": lambda c: "; ".join(map(str, openings.helped(c)[:1])),
    "the leader is at an edge with an untried neighbour": lambda c: ", ".join(e.place for e in openings.open_edges(c)),
    "no gain in the latest 4 configurations": _no_gain,
    # ---- the published ones ----
    "default": lambda c: "always",
    "a new best": _new_best,
    "3 successes in a row": _run(history.success_streak, lambda c: SUCCESSES),
    "4 converged in a row": _run(history.converged_streak, lambda c: CONVERGED),
    "n_iter_block/4 successes in a row": _run(history.success_streak, _quarter),
    "3 partial at a limit that was probed": _partial_at_a_limit,
    "4 partial that still improve": _still_improving,
    "4 partial in a row": _partial_run,
    "4 failed in a row": _failed_run,
    "plateau": lambda c: _yes(c.rates.plateau),
    "4 mutations of one parameter in a row": _one_parameter,
    "8 steps in one chain": _chain,
    "2 good nodes, not neighbours in the tree": _far_apart,
    "2 nodes above 0.9, not neighbours in the tree": _far_apart,  # as earlier protocols say it
    "two good nodes far apart in the tree": _far_apart,  # as earlier protocols say it
    "reruns differ by more than 3 %": _reruns_differ,
    "the latest trial failed": lambda c: _yes(bool(c.finished) and c.finished[-1].state.is_bad),
}
