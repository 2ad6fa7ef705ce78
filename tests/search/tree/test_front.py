"""The front is of configurations, by the mean of their runs."""

import pytest
from search_worlds import SPACE, ended, trial

from hydra_llm.search.tree.front import FrontMember, ParetoFront
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.trial import TrialState

TWO = Objectives(("minimize", "maximize"), ("cost", "gain"))


def run(number, cost, gain, **values):
    started = trial(number, None, None, **values)
    return ended(started, state=TrialState.COMPLETED, metrics={"cost": cost, "gain": gain})


def front_of(*trials):
    front = ParetoFront(SPACE, TWO)
    moved = [front.take(one) for one in trials]
    return front, moved


def test_members_come_in_the_order_of_the_first_objective():
    front, _ = front_of(run(0, 3.0, 9.0), run(1, 1.0, 2.0, depth=3), run(2, 2.0, 1.0, depth=4))
    assert front.members == [FrontMember(1, (1.0, 2.0), 1), FrontMember(0, (3.0, 9.0), 1)]


def test_a_rerun_corrects_a_lucky_member():
    front, _ = front_of(run(0, 3.0, 9.0), run(1, 1.0, 2.0, depth=3), run(2, 9.0, 2.0, depth=3))
    assert front.members == [FrontMember(0, (3.0, 9.0), 1)]


def test_a_trial_that_is_beaten_in_every_objective_moves_nothing():
    _, moved = front_of(run(0, 3.0, 9.0), run(1, 1.0, 2.0, depth=3), run(2, 4.0, 1.0, depth=4))
    assert moved == [True, True, False]


def test_the_value_of_a_trial_is_its_distance_and_a_failed_one_has_none():
    front, _ = front_of(first := run(0, 0.0, 0.0), run(1, 1.0, 2.0, depth=3))
    failed = ended(trial(2, None, None), state=TrialState.FAILED)
    distances = [one.value for one in front.valued([first, failed])]
    assert distances == [pytest.approx((1.0 + 0.05 * 0.5) / 1.05), None]
