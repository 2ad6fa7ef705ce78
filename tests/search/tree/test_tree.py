import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_worlds import OBJECTIVE, SPACE, ended, tree_of, trial

from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState


def test_replicates_of_one_configuration_are_one_node_with_the_mean():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.7, lr=0.1), trial(2, 0, 0.9, lr="1e-1"))
    assert len(tree) == 2
    node = tree.node(2)
    assert node is tree.node(1)
    assert node.mean == pytest.approx(0.8)
    assert node.std == pytest.approx(0.1414, abs=1e-4)


def test_visits_count_runs_of_the_node_and_its_descendants():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1), trial(2, 1, 0.7, lr=0.01), trial(3, 1, 0.7, lr=0.01))
    assert [node.visits for node in tree] == [4, 3, 2]


def test_a_pending_trial_is_a_virtual_visit_and_is_counted_once():
    tree = tree_of(trial(0, None, 0.5))
    running = trial(1, 0, None, lr=0.1)
    tree.add(running)
    assert (tree.node(0).visits, tree.node(1).pending) == (2, 1)
    tree.add(ended(running, state=TrialState.COMPLETED, value=0.6))
    assert (tree.node(0).visits, tree.node(1).pending, tree.node(1).mean) == (2, 0, 0.6)


def test_a_finished_trial_can_not_be_told_again():
    tree = tree_of(trial(0, None, 0.5))
    with pytest.raises(ValueError, match="already told"):
        tree.add(trial(0, None, 0.6))


@pytest.mark.parametrize(("state", "visits"), [("CANCELLED", 0), ("FAILED", 1), ("TIMEOUT", 1), ("LOST", 1)])
def test_a_cancelled_run_says_nothing_and_a_failed_one_something(state, visits):
    tree = tree_of(trial(0, None, 0.5), ended(trial(1, 0, None, lr=0.1), state=TrialState(state)))
    assert (tree.node(1).visits, tree.node(1).failed) == (visits, bool(visits))


def test_the_best_node_follows_the_direction_of_the_objective():
    def best_id(objective):
        best = Tree(SPACE, objective, (trial(0, None, 0.5), trial(1, 0, 0.2, lr=0.1))).best()
        assert best is not None
        return best.id

    assert best_id(Objective("R2", "maximize")) == 0
    assert best_id(Objective("R2", "minimize")) == 1
    assert best_id(Objective("R2", "target", 0.25)) == 1


def test_distance_counts_edges_through_the_common_ancestor():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1), trial(2, 0, 0.6, lr=0.01), trial(3, 2, 0.6, depth=5))
    assert tree.distance(tree.node(1), tree.node(3)) == 3
    assert tree.distance(tree.node(0), tree.node(0)) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20), st.floats(-1, 1)), min_size=1, max_size=30))
def test_for_any_history_the_root_counts_every_run_and_depth_grows_by_one(steps):
    tree = Tree(SPACE, OBJECTIVE)
    tree.add(trial(0, None, 0.0, depth=2))
    for number, (parent, depth, value) in enumerate(steps, start=1):
        tree.add(trial(number, parent % number, value, depth=depth))
    assert tree.nodes[0].visits == len(steps) + 1
    assert sum(len(node.scores) for node in tree) == len(steps) + 1
    for node in tree:
        parent = tree.parent(node)
        assert node.depth == (0 if parent is None else parent.depth + 1)
        assert node.visits == node.runs + sum(tree.node(child).visits for child in node.children)
