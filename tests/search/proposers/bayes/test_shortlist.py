"""What the process would run next, for somebody else who decides, and where it sees little to hope for."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, bowl, tree_of, trial

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.bayes.outlook import hopeless
from hydra_llm.search.proposers.bayes.shortlist import expectation, is_preferred, shortlist, standing
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective


def world(count=16, **fields):
    """A context after `count` trials of the bowl, spread over the space."""
    trials = [trial(0, None, bowl(trial(0, None))["R2"])]
    for number in range(1, count):
        moved = {"lr": 10 ** (-4 + 4 * (number * 0.382 % 1)), "depth": 1 + 7 * number % 20, "net": "abc"[number % 3]}
        trials.append(trial(number, 0, bowl(trial(number, 0, **moved), noise=0.0)["R2"], **moved))
    base = {"slots": (Slot(0),), "n_trials": 2 * count, "left": count, "next_number": count, "seed_keys": ("seed",)}
    return Context(SPACE, OBJECTIVE, tree_of(*trials), tuple(trials), **{**base, **fields})


def test_candidates_are_distinct_new_configurations_with_an_expectation_and_a_nearest_node():
    context = world()
    found = shortlist(context, context.slots)
    keys = {SPACE.key(one.values) for one in found}
    assert len(keys) == len(found) == 4
    assert not any(context.tree.has_key(key) for key in keys)
    assert all(
        one.parent in context.tree and one.expected.low < one.expected.median < one.expected.high for one in found
    )


def test_nothing_is_offered_while_the_process_would_only_spread():
    assert shortlist(world(2), (Slot(0),)) == ()
    assert shortlist(world(5, n_trials=100, left=95), (Slot(0),), count=2) != ()


def test_slots_with_values_of_their_own_have_candidates_of_their_own():
    found = shortlist(world(), (Slot(0, fixed={"net": "b"}), Slot(1, fixed={"net": "c"})), count=4)
    assert {one.values["net"] for one in found} <= {"b", "c"}


def test_an_expectation_does_not_pass_the_ceiling_of_the_metric():
    context = world(ceiling=0.9)
    best = context.tree.best()
    found = expectation(context, best.values)
    assert max(found.low, found.median, found.high) <= 0.9
    flipped = [replace(t, outcome=replace(t.outcome, value=1.0 - t.value)) for t in context.trials]
    loss = Objective("loss", "minimize")
    context = replace(context, objective=loss, tree=Tree(SPACE, loss, flipped), trials=flipped, ceiling=0.1)
    assert min(vars(expectation(context, best.values)).values()) >= 0.1


def test_a_standing_names_the_candidate_that_a_proposal_is():
    context = world()
    context = replace(context, pool=shortlist(context, context.slots))
    second = context.pool[1]
    found = standing(context, replace(trial(99, 0).proposal, values=second.values), context.pool[0])
    assert (found.place, found.expected) == (2, second.expected)
    assert found.best == context.pool[0].expected
    assert standing(context, trial(99, 0, lr=0.5).proposal, None).place is None


def test_the_score_of_the_pool_prefers_its_choice_to_a_known_bad_region():
    context = world()
    choice = shortlist(context, context.slots)[0]
    assert not is_preferred(context, context.slots[0], SPACE.canonical({"lr": 0.9, "depth": 19, "net": "a"}), choice)
    assert is_preferred(context, context.slots[0], choice.values, choice)


def test_hopeless_regions_hold_neither_the_best_nor_the_unknown():
    found = hopeless(world(40))
    assert found, "forty runs of a bowl leave some"
    assert not any("c" in region.where or "b" in region.where for region in found if region.name == "net")
    assert any(region.name == "depth" and region.where.startswith("from 15") for region in found) or any(
        region.name == "lr" for region in found
    )
    assert all(region.at_best < 1.0 for region in found)


@pytest.mark.parametrize("count", [1, 2])
def test_with_few_runs_nothing_is_hopeless(count):
    assert hopeless(world(count)) == []
