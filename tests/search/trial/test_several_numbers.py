"""Several numbers of one result: which they are, under which names, and what is said of a result without them."""

import math

import numpy as np
import pytest

from hydra_llm.search.trial.objective import MissingMetric
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import from_result

TWO = Objectives(("minimize", "maximize"))
NAMED = Objectives(("minimize", "maximize"), ("error", "speed"))


@pytest.mark.parametrize("result", [(1.0, 2), [1, 2.0], np.array([1.0, 2.0]), {"a": 1.0, "b": 2.0}])
def test_as_many_numbers_as_directions_are_taken_in_order(result):
    _, metrics = TWO.read(result)
    assert TWO.values(metrics) == (1.0, 2.0)


def test_names_label_positions_and_pick_from_a_mapping():
    assert NAMED.read((1.0, 2.0))[1] == {"error": 1.0, "speed": 2.0}
    _, metrics = NAMED.read({"speed": 2.0, "loss": 9.0, "error": 1.0})
    assert NAMED.values(metrics) == (1.0, 2.0)
    assert metrics["loss"] == 9.0


@pytest.mark.parametrize(
    ("objectives", "result", "sentence"),
    [
        (TWO, (1.0, 2.0, 3.0), r"must return 2 numbers \(minimize value_0, maximize value_1\), got tuple \(1\.0, 2\.0"),
        (TWO, 0.5, r"must return 2 numbers .*, got float 0\.5\. Return a tuple of as many numbers"),
        (TWO, None, r"must return 2 numbers .*, got NoneType None"),
        (TWO, ("a", 1.0), r"must return 2 numbers"),
        (NAMED, {"error": 1.0, "loss": 2.0}, r"did not return the metric 'speed'\. It returned: error, loss\."),
    ],
)
def test_a_result_without_the_numbers_is_a_sentence_that_no_other_trial_can_mend(objectives, result, sentence):
    with pytest.raises(MissingMetric, match=sentence):
        objectives.read(result)


def test_one_number_that_is_nan_makes_the_trial_invalid_and_keeps_the_others():
    outcome = from_result((1.0, math.nan), NAMED)
    assert outcome.state == "INVALID"
    assert str(outcome.error) == "MetricError: The metric 'speed' must be a finite number, got nan."
    assert outcome.metrics == {"error": 1.0}


@pytest.mark.parametrize(
    ("directions", "metrics", "sentence"),
    [
        (("minimize",), (), "two directions or more"),
        (("minimize", "target"), (), "each of several directions must be one of"),
        (("minimize", "maximize"), ("a",), r"must name 2 different numbers, .* got \[a\]"),
        (("minimize", "maximize"), ("a", "a"), "must name 2 different numbers"),
    ],
)
def test_directions_and_names_that_do_not_fit_are_refused(directions, metrics, sentence):
    with pytest.raises(ValueError, match=sentence):
        Objectives(directions, metrics)
