"""The block's configurations as a table: leaderboard, variance table and pairs in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.llm.prompt_numbers import change_text, short
from hydra_llm.search.proposers.llm.prompt_text import LAST_TO_GO, Section, short_names, table
from hydra_llm.search.tree.node import Node

MAX_RECORDINGS = 6  # columns of their own
SAME = "="


def configurations(context: Context) -> Section:
    """Nodes, the leader and then the best first, and their values where they ever differed."""
    if context.fresh_seeds:
        return _over_draws(context)
    records = context.recordings
    shown = records.all[:MAX_RECORDINGS]
    columns = [f"{context.objective.name} on {r}" if i == 0 else f"on {r}" for i, r in enumerate(shown)]
    rows = [[short(records.value(node, recording)) for recording in shown] for node in _listed(context)]
    note = [
        "The leader, which ran where its rivals did, then best estimate first (configuration plus recording, fitted to "
        "all runs). `against the leader` is the mean over shared recordings; = stands for its value."
    ]
    if len(records.all) > len(shown):
        note.append(f"Recordings {shown[-1] + 1} to {records.all[-1]} count in the estimates and have no column.")
    return _section(context, note, columns, rows)


def _over_draws(context: Context) -> Section:
    """Where every run draws its own seeds."""
    columns = [f"{context.objective.name}, mean", "runs", "sd", "CV %"]
    rows = [_variance(context, node) for node in _listed(context)]
    note = ["Best mean over runs first; `against the leader` is a difference of means; = stands for its value."]
    return _section(context, note, columns, rows)


def _listed(context: Context) -> list[Node]:
    """The leader first: the values of the others stand beside its own, and rows at the end may have no room."""
    leader = context.recordings.leader
    first = [] if leader is None else [leader]
    others = [node for node in context.recordings.ranked if node is not leader]
    return [*first, *others, *(node for node in context.tree.nodes if not node.scores)]


def _section(context: Context, note: Sequence[str], columns: Sequence[str], values: Sequence[list[str]]) -> Section:
    """`values` are the cells of `columns` for each node that is listed."""
    leader, nodes = context.recordings.leader, _listed(context)
    moved = [n for n in context.space.names if len({str(node.values.get(n)) for node in context.tree.nodes}) > 1]
    labels = short_names(moved)
    rows = [
        [
            f"{node.id}{' leader' if node is leader else ''}{_state(context, node)}",
            *cells,
            _against(context, node, leader),
            *(_beside(node, leader, name) for name in moved),
        ]
        for node, cells in zip(nodes, values, strict=True)
    ]
    head, lines = table(["node", *columns, "against the leader", *(labels[n] for n in moved)], rows)
    return Section("Configurations", (*note, "", *head), lines, keep=10, most=10, patience=LAST_TO_GO)


def _variance(context: Context, node: Node) -> list[str]:
    """Mean, runs, standard deviation and coefficient of variation in percent."""
    mean = None if node.mean is None else context.objective.value_of_score(node.mean)
    cv = None if node.cv is None else 100.0 * node.cv
    return [short(mean), str(len(node.scores)), short(node.std, digits=2), short(cv, digits=2)]


def _against(context: Context, node: Node, leader: Node | None) -> str:
    if leader is None or node is leader or not node.scores:
        return "-"
    pair = context.recordings.pair(node, leader)
    if pair is None:
        return "no recording shared"
    return change_text(context, pair.mean, pair.mean_on_scale)


def _state(context: Context, node: Node) -> str:
    """What its row does not say: runs beyond one a recording, failures, and what runs."""
    again = 0 if context.fresh_seeds else len(node.scores) - len(context.recordings.of_node(node))
    parts = [f"{len(node.scores)} runs"] if again else []
    parts += [f"{node.failures} failed"] if node.failures else []
    parts += [f"{node.pending} running"] if node.pending else []
    return f" ({', '.join(parts)})" if parts else ""


def _beside(node: Node, leader: Node | None, name: str) -> str:
    """A value, or that it is the leader's."""
    own = _cell(node.values, name)
    return SAME if leader is not None and node is not leader and own == _cell(leader.values, name) else own


def _cell(values: dict[str, Any], name: str) -> str:
    return value_text(values[name]) if name in values else "-"
