"""Notes of several answers of one decision."""

import pytest

from hydra_llm.search.proposers.notes import BlockWish, EditWish, Notes, Remark, RulesWish

YES, OTHER, NO = BlockWish({"a": 1}), BlockWish({"a": 2}), BlockWish(None, refused="out of range")


def test_observations_add_up_and_a_later_one_keeps_the_lines_of_an_earlier():
    first = Notes({1: Remark("one", lines={"Visual": "a", "Next": "b"}), 2: Remark("two")})
    later = Notes({1: Remark("one again", "induction", lines={"Next": "c"})})
    joined = first.joined(later).observations
    assert joined == {1: Remark("one again", "induction", lines={"Visual": "a", "Next": "c"}), 2: Remark("two")}


def test_what_a_later_answer_leaves_out_stays():
    first = Notes(memory_edits=(EditWish("add", "tentative", None, "x"),), protocol_edit=RulesWish(None, "fine"))
    assert first.joined(Notes()) == first
    assert Notes().joined(first) == first


@pytest.mark.parametrize(
    ("before", "later", "kept"),
    [(YES, None, YES), (YES, OTHER, OTHER), (YES, NO, YES), (NO, YES, YES), (None, NO, NO), (None, None, None)],
)
def test_a_choice_that_cannot_be_taken_does_not_undo_one_that_can(before, later, kept):
    assert Notes(next_block=before).joined(Notes(next_block=later)).next_block == kept
