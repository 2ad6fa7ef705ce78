"""Rows of a strategy table, judged by the records; and every row of every shipped protocol is one that can be."""

from dataclasses import replace

import pytest
from llm_sweeps import small
from omegaconf import OmegaConf
from search_worlds import ended
from shipped_searches import SEARCHES, search

from hydra_llm.llm.instructions import instruction_names, instruction_text
from hydra_llm.search.context import Slot
from hydra_llm.search.log_format import log_format
from hydra_llm.search.proposers.llm.shown import is_withheld
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.statistics.conditions import judge, names, rows
from hydra_llm.search.triggers import MetricTrigger


def protocol(*conditions):
    table = "".join(f"| {text} | strategy-{place} | act |\n" for place, text in enumerate(conditions))
    return f"{BEGIN}\n| condition | strategy | action |\n|---|---|---|\n{table}{END}\n"


def verdicts(*conditions, context=None):
    context = small() if context is None else context
    return [verdict.holds for verdict in judge(replace(context, protocol=protocol(*conditions)))]


def test_comparisons_read_metrics_of_the_latest_scored_trials():
    assert verdicts("val_R2 above 0.9", "val_R2 above 0.9 in 2 trials", "val_R2 below 0.95 in 4 runs") == [
        True,
        False,
        True,
    ]
    assert verdicts("val_R2 within 0.5-0.95 in 4 trials", "val_R2 at least 0.93", "val_R2 at most 0.92") == [
        True,
        True,
        False,
    ]
    assert verdicts("val_R2 above 0 in 9 trials") == [False], "there are not so many"


def test_differences_rates_values_and_facts_have_names():
    context = small(told={"simulation.n_neurons": 600})
    rank = [t if t.value is None else ended(t, metrics={**t.metrics, "rank": 12.0}) for t in context.trials]
    context = replace(context, trials=tuple(rank))
    assert verdicts("rank - val_R2 above 11", "rank - val_R2 above 12", context=context) == [True, False]
    assert verdicts("simulation.n_neurons at least 500 and rank below 15", context=context) == [True]
    assert verdicts("branching rate below 20 %", "failure rate above 10 %", context=context) == [False, True]
    assert verdicts("training.lr below 0.01", context=context) == [True]


def test_alternatives_and_once_only_rows():
    assert verdicts("val_R2 above 2, or val_R2 above 0.9") == [True]
    context = small()
    done = replace(context.trials[4], proposal=replace(context.trials[4].proposal, strategy="strategy-0"))
    again = replace(context, trials=(*context.trials[:4], done, *context.trials[5:]))
    assert verdicts("val_R2 above 0.9 and not done yet") == [True]
    assert verdicts("val_R2 above 0.9 and not done yet", context=again) == [False]


def test_what_was_not_reported_and_what_is_no_condition_is_not_known():
    context = replace(small(), protocol=protocol("rank below 15", "the wind has turned", "default"))
    found = judge(context)
    assert [verdict.holds for verdict in found] == [None, None, True]
    assert [verdict.detail for verdict in found] == ["rank was not reported", "yours to judge", "always"]


def test_a_row_of_a_role_holds_for_its_slots():
    text = protocol("a slot of this role").replace("strategy-0", "principle-test")
    context = small(slots=(Slot(0, "exploit"), Slot(1, "principle-test")))
    (found,) = judge(replace(context, protocol=text))
    assert (found.holds, found.detail) == (True, "slot 1")


def test_open_moves_are_conditions_too():
    held = judge(small(protocol=protocol("two single changes never ran together", "a parameter was never moved")))
    assert [verdict.holds for verdict in held] == [True, False]
    assert "nodes 0 and 4 (each one parameter off 2)" in held[0].detail


def test_rising_compares_the_last_with_the_first_and_the_first_trials_are_counted_by_their_scores():
    assert verdicts("val_R2 rising in 4 trials", "val_R2 rising in 9 trials") == [
        small().finished[-1].metrics["val_R2"] > scored()[-4].metrics["val_R2"],
        False,
    ]
    count = len(scored())
    assert verdicts(f"in the first {count} trials", f"in the first {count - 1} trials") == [True, False]


def scored():
    return [trial for trial in small().finished if trial.value is not None]


def test_a_strategy_may_not_come_twice_in_a_row_under_either_of_its_names():
    context = small()
    latest = context.trials[-1]
    table = protocol("default and not twice in a row").replace("strategy-0", "forced-branch")
    for name, holds in (("force-branch", False), ("forced-branch", False), ("exploit", True)):
        named = replace(latest, proposal=replace(latest.proposal, strategy=name))
        (found,) = judge(replace(context, trials=(*context.trials[:-1], named), protocol=table))
        assert found.holds is holds, name


def test_the_words_of_earlier_protocols_are_conditions_still():
    earlier = (
        "a configuration lacks a recording",
        "two single changes never ran together",
        "the leader is at the edge of a range",
        "2 nodes above 0.9, not neighbours in the tree",
        "two good nodes far apart in the tree",
        "plateau, or 4 partial that still improve",
        "4 failed in a row",
    )
    assert None not in verdicts(*earlier)


# ---- what is shipped ----


@pytest.mark.parametrize("name", SEARCHES)
def test_every_condition_of_its_protocol_can_be_evaluated_from_what_a_search_shows(name):
    found = search(name)
    known = {found.metric, *found.show, *found.params, *found.get("block_params", {}), *found.tell}
    table = rows(instruction_text(found.instructions))
    assert len(table) > 3
    for row in table:
        assert set(names(row.condition)) <= known, row.condition


@pytest.mark.parametrize("name", SEARCHES)
def test_what_the_log_and_the_focus_speak_of_is_shown_and_nothing_of_the_test_split(name):
    found = search(name)
    shown = {found.metric, *found.show}
    assert not [metric for metric in shown if is_withheld(metric)]
    wanted = {m for row in found.get("focus", []) for m in MetricTrigger.of(OmegaConf.to_container(row)).when}
    for item in log_format(found.instructions).entry:
        if not isinstance(item, str):
            wanted |= {*item.metrics.values(), *item.variance}
    assert not [metric for metric in wanted if not is_withheld(metric) and metric not in shown]


@pytest.mark.parametrize("name", instruction_names())
def test_no_protocol_speaks_of_the_test_split_and_every_condition_is_one(name):
    text = instruction_text(name)
    assert "test_" not in text
    for row in rows(text):
        list(names(row.condition))


@pytest.mark.parametrize(
    "name", ["test_R2", "oracle_test_R2", "acc_test", "metrics/test_acc", "test-acc", "eval.test.x"]
)
def test_numbers_of_the_test_split_are_withheld_whatever_their_spelling(name):
    assert is_withheld(name)


@pytest.mark.parametrize("name", ["latest_R2", "contest", "val_R2", "testosterone", "attestation_rate"])
def test_a_word_that_holds_these_letters_is_not_withheld(name):
    assert not is_withheld(name)
