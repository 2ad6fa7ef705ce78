"""How a model's choices do beside the pool's: counted from what is on record."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, trial

from hydra_llm.search.statistics.pool_record import PoolRecord, pool_record, standing_text
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.standing import Expectation, Standing


def beside(number, value, expected, best, place=None, source="llm", via=""):
    """A trial of a mutation whose median was expected at `expected` (+- 0.1), beside the pool's choice at `best`."""
    made = trial(number, 0, value, lr=0.01 + 0.001 * number)
    standing = Standing(
        Expectation(expected, expected - 0.1, expected + 0.1), Expectation(best, best, best), SPACE.baseline(), place
    )
    proposal = replace(made.proposal, standing=standing, provenance=Provenance(source, via=via))
    return replace(made, proposal=proposal)


def test_taken_own_ahead_and_better_are_counted_apart():
    trials = [
        trial(0, None, 0.5),
        beside(1, 0.9, 0.8, 0.85),  # expected worse than the pool's choice, came out better, inside
        beside(2, 0.2, 0.9, 0.85),  # expected better, came out worse, outside
        beside(3, 0.9, 0.9, 0.85, place=1),  # the pool's own
        beside(4, None, 0.9, 0.85),  # runs still
    ]
    assert pool_record(trials, OBJECTIVE) == PoolRecord(taken=1, own=3, ahead=2, ended=2, better=1, inside=1)


def test_a_minimised_metric_is_compared_the_right_way_round():
    found = pool_record([beside(1, 0.1, 0.2, 0.3)], Objective("loss", "minimize"))
    assert (found.ahead, found.better, found.inside) == (1, 1, 1)


def test_expectations_of_a_metric_with_a_target_are_distances():
    """0.1 from the target 5 is better than the distance of 0.3 that was expected of the pool's choice."""
    found = pool_record([beside(1, 5.1, 0.15, 0.3)], Objective("rate", "target", 5.0))
    assert (found.ahead, found.better, found.inside) == (1, 1, 1)


def test_what_the_process_chose_instead_of_the_model_is_counted_as_overruled():
    found = pool_record([beside(1, 0.9, 0.9, 0.9, place=1, source="bayes", via="llm")], OBJECTIVE)
    assert found == PoolRecord(overruled=1)
    assert found.line == "1 of the model's proposals lost to the pool's choice"


def test_without_a_standing_nothing_is_said():
    assert pool_record([trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.2)], OBJECTIVE).line == ""
    assert standing_text(trial(0, None, 0.5), OBJECTIVE) == ""


@pytest.mark.parametrize(
    ("value", "ending"), [(0.9, "which this beat"), (0.1, "which this did not beat"), (None, "0.85")]
)
def test_a_trial_says_what_was_expected_and_what_came(value, ending):
    text = standing_text(beside(1, value, 0.8, 0.85), OBJECTIVE)
    assert text.startswith("expected 0.8 (0.7 to 0.9); of the pool's choice 0.85")
    assert text.endswith(ending)
