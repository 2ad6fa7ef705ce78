"""When the model is asked for an idea."""

import pytest
from code_worlds import BEST, BETTER, FIRST, code_study, idea, on_best, run

from hydra_llm.search.evolution.occasion import rule_names
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.triggers import MetricTrigger

STUCK = MetricTrigger.of({"name": "stuck", "when": {"score": [None, 1.2]}, "move": {"x": "any"}})
TABLE = f"""{BEGIN}
| condition | strategy | action |
|---|---|---|
| score below 1.2 | another-loss | change the code |
| a full moon | never | something that no record tells |
{END}
"""
WORSE = [on_best(FIRST.replace("1.0", f"0.{digit}")) for digit in (9, 8, 7)]


def asked_at(study):
    return [revision.number for revision in study.state.code.revisions.values()]


@pytest.mark.parametrize(
    "rules",
    [
        {"when": ("stuck",), "focus": (STUCK,)},
        {"when": ("another-loss",), "protocol": TABLE},
        {"when": ("never", "another-loss"), "protocol": TABLE},
    ],
)
def test_an_idea_is_due_while_a_named_rule_holds_and_no_longer(tmp_path, rules):
    study = run(code_study(tmp_path, [idea(BETTER), idea(BEST)], every=None, **rules))
    assert asked_at(study) == [1]
    assert study.state.trials[1].values["code"] == "r1"
    assert study.state.best().values["code"] == "r1"


def test_a_rule_that_is_not_named_or_cannot_be_judged_asks_for_nothing(tmp_path):
    study = run(code_study(tmp_path, [idea(BETTER)], when=("never",), every=1, focus=(STUCK,), protocol=TABLE))
    assert asked_at(study) == []


@pytest.mark.parametrize(("every", "numbers"), [(None, [1, 4]), (2, [1, 3, 5])])
def test_a_rule_that_goes_on_holding_asks_again_after_some_trials(tmp_path, every, numbers):
    study = run(code_study(tmp_path, WORSE, when=("stuck",), every=every, focus=(STUCK,)))
    assert asked_at(study) == numbers


def test_rules_have_the_names_of_the_table_and_of_the_focus():
    assert rule_names(TABLE, (STUCK,)) == ["another-loss", "never", "stuck"]
