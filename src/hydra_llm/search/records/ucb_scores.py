"""ucb_scores.txt: selection scores of the nodes, and the spread of those that ran more than once. Never read back."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.variance import verdict
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree


def ucb_table(
    state: SweepState,
    ranking: Sequence[tuple[int, float]],
    settings: Settings,
    policy: SelectionPolicy,
    index: int | None = None,
) -> str:
    """`ucb_scores.txt` of the present block, or of block `index`: a header, then one line per node, best
    first; [CURRENT] marks the latest trial's node.

    `Node n: UCB=, parent=, visits=, <metric>=`: parent is the node whose configuration was mutated (root = baseline),
    visits counts runs of the node and its descendants.
    """
    if not state.blocks:
        return ""
    block = state.blocks[-1 if index is None else index - 1]
    tree = state.trees[block.index]
    trials = state.block_trials(block.index)
    current = tree.node(trials[-1].number).id if trials else None
    name = settings.objective.name
    lines = [
        f"Block {block.index}, iterations {trials[0].number if trials else 0}-{trials[-1].number if trials else 0}, "
        f"N={len(tree)} nodes, selection={policy.name}, c={policy.c:g}"
    ]
    for number, score in ranking:
        node = tree.node(number)
        parts = [
            f"Node {node.id}: UCB={score:.3f}",
            f"parent={'root' if node.parent is None else node.parent}",
            f"visits={node.visits}",
            f"{name}={_value(node, settings)}",
        ]
        if node.runs > 1:
            parts.append(f"runs={node.runs}, std={node.std or 0.0:.4f}")
        if node.failures:
            parts.append(f"failures={node.failures}")
        if node.pending:
            parts.append(f"pending={node.pending}")
        mutation = state.trials[node.id].proposal.mutation
        parts.append(f"Mutation={mutation}")
        lines.append(", ".join(parts) + (" [CURRENT]" if node.id == current else ""))
    return "\n".join(lines) + "\n"


def variance_table(tree: Tree, settings: Settings) -> str:
    """Configurations that ran more than once: runs, mean, standard deviation, CV, least, failure rate, robust or
    not.
    """
    nodes = [node for node in tree if node.runs > 1]
    if not nodes:
        return ""
    name = settings.objective.name
    head = ("node", "runs", f"mean {name}", "std", "CV %", "worst", "failed", "verdict")
    rows: list[tuple[str, ...]] = [head]
    for node in sorted(nodes, key=lambda n: (-(n.mean if n.mean is not None else float("-inf")), n.index)):
        worst = settings.objective.value_of_score(min(node.scores)) if node.scores else float("nan")
        rows.append(
            (
                str(node.id),
                str(node.runs),
                _value(node, settings),
                "-" if node.std is None else f"{node.std:.4g}",
                "-" if node.cv is None else f"{100 * node.cv:.2f}",
                f"{worst:.4g}",
                str(node.failures),
                verdict(node, settings.objective, settings.thresholds),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines) + "\n"


def _value(node: Node, settings: Settings) -> str:
    return "nan" if node.mean is None else f"{settings.objective.value_of_score(node.mean):.4f}"
