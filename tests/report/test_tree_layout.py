from hydra_llm.report.tree_layout import layout, most_telling
from hydra_llm.search.space.space import Float, Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.trial import Proposal, Trial

SPACE = Space((Float(name="x", low=0, high=1000, default=0),))


def tree_of(parents):
    """Trial n has the n-th parent of the list; its value is its number."""
    trials = [
        Trial(n, 1, Proposal(0, "free", "exploit", parent, {"x": n}), Outcome(TrialState.COMPLETED, float(n)))
        for n, parent in enumerate(parents)
    ]
    return Tree(SPACE, Objective("x"), trials)


def test_every_node_has_a_row_of_its_own_below_its_parent():
    rows = layout(tree_of([None, 0, 0, 1, 2, 1]))
    assert [row.node.id for row in rows] == [0, 1, 3, 5, 2, 4]
    assert sorted(row.y for row in rows) == list(range(6))
    assert all(row.parent_y is None or row.parent_y < row.y for row in rows)
    assert [row.depth for row in rows] == [0, 1, 2, 2, 1, 2]


def test_a_large_tree_keeps_its_best_and_latest_nodes_with_all_their_ancestors():
    tree = tree_of([None, *range(199)])  # a chain: the best node has 199 ancestors
    wide = tree_of([None] + [0] * 199)
    assert most_telling(tree, [(199, 1.0)], 300) is None
    shown = most_telling(wide, [(5, 1.0)], 30)
    assert shown is not None
    assert {199, 5, 0} <= shown
    assert len(shown) <= 30
    assert {row.node.id for row in layout(wide, shown)} == shown
