import numpy as np
import pytest

from hydra_llm.search.trial.objective import MetricError, Objective


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


def test_the_first_entry_of_a_tuple_is_the_metric_unless_named():
    assert Objective().read((3.0, 4.0))[0] == 3.0
    assert Objective("1").read((3.0, 4.0))[0] == 4.0


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
