"""An edit of the strategy table: rows that go are named, and new conditions are ones that the records can judge."""

import pytest
from llm_sweeps import small

from hydra_llm.llm.instructions import instruction_text
from hydra_llm.search.proposers.llm.edited_table import table_problem
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.statistics.conditions import rows

SHIPPED = ("flyvis", "flyvis_alternating", "generic", "metabolism", "metabolism_homeostasis", "signal")
SLOW = ("val_R2 below 0.5 in 3 runs", "exploit")
EDGE = ("the leader is at the edge of a range", "exploit")
AGAIN = ("a new best", "robustness-test")
DEFAULT = ("default", "exploit")
TABLE = (SLOW, EDGE, AGAIN, DEFAULT)


def protocol(*table):
    text = "".join(f"| {condition} | {strategy} | act |\n" for condition, strategy in table)
    return f"{BEGIN}\n| condition | strategy | action |\n|---|---|---|\n{text}{END}\n"


def problem(*after, reason="tidied", before=TABLE, **fields):
    return table_problem(small(protocol=protocol(*before), **fields), protocol(*after), reason)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_table_of_conditions_that_never_hold_is_refused(name):
    before = [(row.condition, row.strategy) for row in rows(instruction_text(name))]
    one_of_each = dict.fromkeys(strategy for _, strategy in before)
    said = problem(*(("the moon is full", strategy) for strategy in one_of_each), before=before)
    assert "cannot be judged from the records" in said
    assert "the moon is full" in said
    assert "are gone without a word: " in said


def test_a_row_that_goes_is_named_though_another_row_has_its_strategy():
    assert f"gone without a word: exploit ({SLOW[0]})." in problem(EDGE, AGAIN, DEFAULT)
    assert SLOW[0] in problem(EDGE, AGAIN, DEFAULT, reason="exploit more"), "which of them went is not said"
    assert problem(EDGE, AGAIN, DEFAULT, reason=f"never held: {SLOW[0]}") == ""


def test_the_strategy_is_name_enough_for_the_last_of_its_rows():
    assert "robustness-test (a new best)" in problem(SLOW, EDGE, DEFAULT)
    assert problem(SLOW, EDGE, DEFAULT, reason="Robustness-test never helped") == ""


def test_conditions_and_actions_may_be_worded_anew_and_rows_added_and_moved():
    reworded = ("val_R2 below 0.4 in 2 runs", "exploit")
    assert problem(AGAIN, reworded, EDGE, DEFAULT) == ""
    assert problem(*TABLE, ("no gain in the latest 4 configurations", "explore")) == ""
    assert problem(*reversed(TABLE)) == ""


def test_one_new_row_replaces_one_that_went_and_not_two():
    said = problem(("val_R2 below 0.4", "exploit"), AGAIN, DEFAULT)
    assert f"exploit ({EDGE[0]})" in said
    assert SLOW[0] not in said


def test_a_new_condition_that_the_records_cannot_judge_is_refused_with_what_can_be_written():
    said = problem(*TABLE, ("the wind has turned", "explore"))
    assert said.startswith(
        "The conditions of these rows cannot be judged from the records: explore (the wind has turned)"
    )
    assert "`val_R2 above 0.9 in 3 trials`" in said
    assert "a new best" in said


def test_a_new_condition_compares_numbers_that_are_shown():
    assert "moon is no number that is shown" in problem(*TABLE, ("moon above 3", "explore"))
    assert "test_R2 is no number" in problem(*TABLE, ("test_R2 above 0.3", "explore")), "of the test split"
    assert problem(*TABLE, ("training.lr below 0.01 and failure rate above 10 %", "explore")) == ""
    assert problem(*TABLE, ("rank below 3", "explore"), show=("rank",)) == "", "reported or not yet"


def test_a_condition_of_the_present_table_stays_though_nothing_can_judge_it():
    own = ("the wind has turned", "explore")
    assert problem(DEFAULT, own, before=(own, DEFAULT)) == ""
