"""Where the nodes of an exploration tree stand: one row per node, depth to the right.

A row per node instead of a fan keeps every label legible, however deep or wide the tree grows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree


@dataclass(frozen=True)
class TreeRow:
    """`y` counts rows from the top; `parent_y` is None for a root (or when the parent is not drawn)."""

    node: Node
    y: int
    depth: int
    parent_y: int | None


def layout(tree: Tree, shown: Collection[int] | None = None) -> list[TreeRow]:
    """Rows in depth-first order, children in order of creation; `shown` restricts to node ids."""
    rows: list[TreeRow] = []
    position: dict[int, int] = {}
    roots = [node for node in tree if node.parent is None]
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if shown is None or node.id in shown:
            parent_y = position.get(node.parent) if node.parent is not None else None
            position[node.id] = len(rows)
            rows.append(TreeRow(node, len(rows), node.depth, parent_y))
        children = [tree.node(child) for child in node.children]
        stack += sorted(children, key=lambda n: -n.index)
    return rows


def most_telling(tree: Tree, ranking: list[tuple[int, float]], limit: int) -> set[int] | None:
    """Ids of at most about `limit` nodes: the best by reward and by selection score, the latest, and their ancestors.

    None when the whole tree fits.
    """
    if len(tree) <= limit:
        return None
    by_reward = sorted(tree.scored(), key=lambda n: (-(n.mean or 0.0), n.index))
    wanted = [node.id for node in by_reward[: limit // 3]]
    wanted += [number for number, _ in ranking[: limit // 3]]
    wanted += [node.id for node in tree.nodes[-(limit // 6) :]]
    shown: set[int] = set()
    for number in wanted:
        lineage = {member.id for member in tree.lineage(tree.node(number))}
        if len(shown | lineage) <= limit:
            shown |= lineage
    return shown
