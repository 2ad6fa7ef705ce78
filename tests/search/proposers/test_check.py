"""The one check: each thing that may be wrong with a proposal is a sentence."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, tree_of, trial

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.check import check
from hydra_llm.search.space.space import Space

TRIALS = (trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1))
ELSEWHERE = replace(trial(2, None, 0.7), block=2)
HERE = Context(
    SPACE, OBJECTIVE, tree_of(*TRIALS), (*TRIALS, ELSEWHERE), (Slot(0, "exploit"), Slot(1, "exploit")), next_number=3
)


def proposal(slot=0, parent=0, **values):
    return mutate(HERE, HERE.slots[slot], parent, {**SPACE.baseline(), **values}, strategy="s", source="t")


def test_a_new_configuration_and_a_rerun_may_run():
    assert check(HERE, proposal(lr=0.01)) == []
    assert check(HERE, proposal()) == [], "a rerun repeats node 0 without change"
    assert check(HERE, proposal(lr=0.01), [proposal(1, lr=0.02)]) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(proposal(lr=0.01), slot=5), "Slot 5 was not asked for."),
        (replace(proposal(), values={**SPACE.baseline(), "lr": 9.0}), "outside its range"),
        (replace(proposal(lr=0.01), parent=3), "parent=3 is not run yet"),
        (replace(proposal(lr=0.01), parent=2), "parent=2 belongs to another block. Choose one of 0, 1."),
        (replace(proposal(lr=0.01), parent=-1), "parent=-1 does not exist. Choose one of 0, 1."),
        (proposal(lr=0.1), "already run as trial 1 (R2 0.6)"),
        (replace(proposal(lr=0.1), parent=None, changes=()), "already run as trial 1"),
    ],
)
def test_what_is_wrong_with_its_place_is_named(wrong, sentence):
    (problem,) = check(HERE, wrong)
    assert sentence in problem


def test_a_configuration_of_a_sibling_or_one_that_was_refused_is_not_run():
    assert "another slot of this batch" in check(HERE, proposal(lr=0.01), [proposal(1, lr=0.01)])[0]
    refused = replace(HERE, rejected=frozenset({SPACE.key(proposal(lr=0.01).values)}))
    assert "was refused" in check(refused, proposal(lr=0.01))[0]


def test_reruns_and_baselines_may_fill_several_slots():
    assert check(HERE, proposal(), [proposal(1)]) == []
    empty = replace(HERE, tree=tree_of(), slots=(Slot(0, "baseline"), Slot(1, "baseline")))
    first, second = (
        mutate(empty, slot, None, SPACE.baseline(), strategy="baseline", source="t") for slot in empty.slots
    )
    assert check(empty, second, [first]) == []


def test_the_values_of_the_slot_the_constraint_and_the_composition_come_last():
    kept = replace(HERE, slots=(Slot(0, "free", {"depth": 9}),))
    assert check(kept, proposal(lr=0.01)) == ["Slot 0 keeps depth=9. Leave these parameters out."]
    bound = Space(SPACE.dimensions, constraint=lambda values: "Too steep." if values["lr"] < 0.1 else None)
    assert check(replace(HERE, space=bound), proposal(lr=0.01)) == ["Too steep."]
    assert check(replace(HERE, validate=lambda values: ["No such file."]), proposal(lr=0.01)) == ["No such file."]
