import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from hydra_llm.search.trial.objective import MetricError, MissingMetric, Objective
from hydra_llm.sweeper.job.result_recorder import to_plain


@pytest.mark.parametrize(
    ("direction", "target", "better", "worse"),
    [("maximize", None, 2.0, 1.0), ("minimize", None, 1.0, 2.0), ("target", 1.0, 0.9, 1.5)],
)
def test_a_better_value_has_the_larger_score(direction, target, better, worse):
    objective = Objective("m", direction, target)
    assert objective.score(better) > objective.score(worse)


def test_nested_metrics_are_found_by_their_path():
    value, metrics = Objective("a/b").read({"a": {"b": 2}, "c": np.float32(0.5)})
    assert value == 2.0
    assert metrics == {"a/b": 2.0, "c": 0.5}


def test_a_bare_number_needs_no_name():
    assert Objective().read(0.25)[0] == 0.25
    assert Objective("val_loss").read(0.25)[0] == 0.25


def test_one_of_several_objectives_has_to_be_named():
    assert Objective("1").read((3.0, 4.0))[0] == 4.0
    assert Objective().read((3.0,))[0] == 3.0
    with pytest.raises(MissingMetric, match=r"returned several numbers \(0, 1\) and no metric is named"):
        Objective().read((3.0, 4.0))


class OneElement:
    """As a tensor of a library that is not installed here."""

    ndim = 1

    def numel(self):
        return 1

    def item(self):
        return 0.5


@pytest.mark.parametrize(
    "number",
    [Decimal("0.5"), Fraction(1, 2), np.float32(0.5), np.array(0.5), np.array([0.5]), np.array([[0.5]]), OneElement()],
)
def test_whatever_holds_one_number_is_a_number(number):
    assert Objective().read(number)[0] == 0.5
    assert Objective("m").read({"m": number, "s": "text"}) == (0.5, {"m": 0.5})
    assert to_plain({"m": number}) == {"m": 0.5}


@pytest.mark.parametrize("huge", [10**400, -(10**5000), Fraction(10**400)], ids=["int", "longer", "fraction"])
def test_a_number_beyond_all_floats_is_infinite_and_so_refused(huge):
    with pytest.raises(MetricError, match=r"must be a finite number, got -?inf"):
        Objective("m").read({"m": huge})
    assert Objective("m").read({"m": 1.0, "huge": huge}) == (1.0, {"m": 1.0})
    assert json.loads(json.dumps(to_plain({"m": huge})))["m"] in (math.inf, -math.inf)


def test_a_structure_that_holds_itself_is_read_once_around():
    result = {"m": 0.5, "list": []}
    result["self"] = result
    result["list"].append(result["list"])
    assert Objective("m").read(result) == (0.5, {"m": 0.5})
    assert json.loads(json.dumps(to_plain(result))) == {"m": 0.5, "list": ["<list>"], "self": "<dict>"}


def test_a_structure_that_is_deeper_than_python_goes_is_cut():
    result = innermost = {}
    for _ in range(5000):
        innermost["a"] = innermost = {}
    result["m"] = 0.5
    assert Objective("m").read(result)[0] == 0.5
    assert json.dumps(to_plain(result))


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("result", [None, "text", Broken(), "x" * 10**6, [], {"m": None}, np.zeros(3), {1}])
@pytest.mark.parametrize("metric", [None, "m"])
def test_what_holds_no_number_is_refused_with_a_short_sentence(result, metric):
    with pytest.raises(MissingMetric, match=r"^The task (must return|returned None)") as refused:
        Objective(metric).read(result)
    assert len(str(refused.value)) < 400


def test_a_missing_metric_lists_those_that_were_returned():
    with pytest.raises(MetricError, match=r"did not return the metric .acc.\. It returned: loss, val_R2"):
        Objective("acc").read({"val_R2": 1.0, "loss": 2.0})


@pytest.mark.parametrize("result", [None, "text", {"m": float("nan")}, {"m": float("inf")}, {"a": 1.0, "b": 2.0}, True])
def test_what_is_no_single_finite_number_is_refused_with_a_sentence(result):
    with pytest.raises(MetricError, match=r"\w+ .*\."):
        Objective("m" if isinstance(result, dict) and "m" in result else None).read(result)


def test_other_metrics_that_are_not_finite_are_left_out_of_the_records():
    assert Objective("m").read({"m": 1.0, "broken": float("nan")})[1] == {"m": 1.0}


def test_a_target_without_direction_target_is_refused():
    with pytest.raises(ValueError, match="direction=maximize"):
        Objective("m", "maximize", 1.0)
    with pytest.raises(ValueError, match="target must be a finite number with direction=target, got None"):
        Objective("m", "target")


@pytest.mark.parametrize("goal", [Objective(), Objective(direction="minimize")], ids=["maximize", "minimize"])
def test_a_change_of_score_is_the_change_of_the_value_behind_it(goal):
    assert goal.change_of_score(goal.score(0.75) - goal.score(0.25)) == 0.5


def test_for_a_target_a_change_of_score_says_how_much_closer_it_came():
    goal = Objective(direction="target", target=1.0)
    assert goal.change_of_score(goal.score(1.25) - goal.score(0.5)) == 0.25


def test_a_minimised_zero_is_no_negative_zero():
    goal = Objective(direction="minimize")
    assert str(goal.value_of_score(0.0)) == str(goal.value_of_score(goal.score(0.0))) == "0.0"
    assert str(goal.change_of_score(0.0)) == "0.0"
