from search_worlds import SPACE, tree_of, trial

from hydra_llm.search.proposers.reparent import reparent
from hydra_llm.search.trial.trial import Change, Proposal


def proposal(parent, changes, **values):
    return Proposal(0, "free", "exploit", parent, SPACE.canonical(values), changes)


def test_a_mutation_back_to_an_ancestors_value_takes_that_ancestor_as_parent():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1), trial(2, 1, 0.6, lr=0.1, depth=9))
    back = proposal(2, (Change("lr", 0.1, 0.3),), lr=0.3, depth=9)
    moved = reparent(back, tree, SPACE)
    assert moved.parent == 0
    assert moved.changes == (Change("depth", 2, 9),)
    assert "lr back to the value of node 0" in moved.note


def test_a_new_value_keeps_its_parent():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1))
    fresh = proposal(1, (Change("lr", 0.1, 0.05),), lr=0.05)
    assert reparent(fresh, tree, SPACE) == fresh


def test_an_ancestor_that_differs_in_more_parameters_is_no_better_parent():
    tree = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1), trial(2, 1, 0.6, lr=0.1, depth=9, net="b"))
    back = proposal(2, (Change("lr", 0.1, 0.3),), lr=0.3, depth=9, net="b")
    assert reparent(back, tree, SPACE).parent == 2
