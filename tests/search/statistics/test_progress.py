from dataclasses import replace

import pytest
from search_worlds import recordings_of, trial

from hydra_llm.search.statistics.progress import measure, window_of

HARD = {"seed": 1}
ERRORS = (1.358, 0.273, 0.0068, 0.0006, 0.0002)  # down to the ceiling of 1, each configuration from the one before


def measured(trials, floor=0.0):
    return measure(trials, recordings_of(trials), 12, floor)


def test_a_pure_chain_has_a_branching_rate_of_zero_although_all_parents_differ():
    trials = [trial(0, None, 0.1), *(trial(n, n - 1, 0.1 * n, lr=0.3 / 2**n) for n in range(1, 6))]
    rates = measured(trials)
    assert rates.branching == 0.0
    assert rates.distinct_parents == 3  # in the window of three


def test_branching_counts_mutations_whose_parent_is_not_the_trial_before():
    trials = [trial(0, None, 0.1), *(trial(n, 0, 0.1, lr=0.3 / 2**n) for n in range(1, 6))]
    assert measured(trials).branching == 1.0


def test_an_improvement_must_exceed_the_noise_floor():
    trials = [trial(0, None, 0.50), trial(1, 0, 0.52, lr=0.1), trial(2, 0, 0.70, lr=0.01)]
    assert measured(trials).improvement == 1.0
    assert measured(trials, floor=0.05).improvement == 0.5


def test_a_plateau_is_three_values_within_the_band():
    before = [trial(0, None, 0.1), trial(1, 0, 0.9, lr=0.2), trial(2, 0, 0.50, lr=0.1), trial(3, 0, 0.52, lr=0.05)]
    steep = [*before, trial(4, 0, 0.60, lr=0.01)]
    assert measured([*before, trial(4, 0, 0.54, lr=0.01)]).plateau
    assert not measured(steep).plateau
    assert measured(steep, floor=0.05).plateau, "the noise alone may move them so far"


def test_the_window_is_a_quarter_of_a_block_and_at_least_three():
    assert [window_of(n) for n in (4, 12, 24, 48)] == [3, 3, 6, 12]


def test_nothing_is_claimed_before_anything_ran():
    rates = measured([])
    assert (rates.branching, rates.improvement, rates.failure, rates.plateau) == (None, None, None, False)


@pytest.mark.parametrize("unit", [0.01, 1.0, 1000.0])
def test_a_plateau_does_not_depend_on_the_unit_of_the_metric(unit):
    def measured(*values):
        trials = [trial(n, None if n == 0 else 0, unit * v, lr=0.3 / (n + 1)) for n, v in enumerate(values)]
        return measure(trials, recordings_of(trials), 12, 0.0)

    assert measured(0.1, 0.5, 0.9, 0.90, 0.91, 0.89).plateau
    assert not measured(0.1, 0.5, 0.9, 0.7, 0.9, 0.5).plateau


def towards_one(*errors, harder=9.0):
    """A chain; every configuration runs on an easy recording and on one with `harder` times the distance to 1."""
    trials = []
    for place, error in enumerate(errors):
        parent, lr = (2 * place - 2 if place else None), 0.8 / 2**place
        trials.append(trial(2 * place, parent, 1 - error, lr=lr))
        trials.append(replace(trial(2 * place + 1, parent, 1 - harder * error, lr=lr), seeds=HARD))
    return trials


def near_one(trials):
    records = recordings_of(trials, ceiling=1.0)
    return measure(trials, records, 12, records.noise_floor)


def test_improvement_is_judged_on_shared_recordings_however_much_the_recordings_differ():
    assert near_one(towards_one(*ERRORS)).improvement == 1.0
    assert near_one(towards_one(*ERRORS[::-1])).improvement == 0.0


def test_a_difference_within_the_scatter_of_pairs_is_no_improvement():
    unclear = [trial(6, 4, 1 - 0.001, lr=0.01), replace(trial(7, 4, 1 - 0.2, lr=0.01), seeds=HARD)]
    assert near_one(towards_one(0.1, 0.05, 0.01)).improvement == 1.0
    assert near_one([*towards_one(0.1, 0.05, 0.01), *unclear]).improvement == 0.0


def test_errors_that_still_fall_by_factors_are_no_plateau():
    assert not near_one(towards_one(*ERRORS)).plateau
    assert near_one(towards_one(*ERRORS, 0.00021, 0.00019)).plateau


def test_errors_on_one_recording_that_still_fall_by_factors_are_no_plateau():
    trials = [trial(n, n - 1 if n else None, 1 - error, lr=0.8 / 2**n) for n, error in enumerate(ERRORS)]
    assert not near_one(trials).plateau
    assert measure(trials, recordings_of(trials), 12, 0.0).plateau, "without a ceiling the scores themselves count"


def test_runs_of_one_configuration_on_several_recordings_are_no_plateau():
    trials = towards_one(*ERRORS)
    again = [replace(trial(10 + n, 6, 1 - 0.0002, lr=0.05), seeds={"seed": 2 + n}) for n in range(3)]
    assert not near_one([*trials, *again]).plateau


def test_scores_count_where_no_recording_is_shared():
    trials = [
        replace(trial(n, n - 1 if n else None, v, lr=0.3 / (n + 1)), seeds={"seed": n})
        for n, v in enumerate((0.1, 0.5, 0.9, 0.90, 0.91, 0.89))
    ]
    assert measured(trials).plateau
    assert measured(trials).improvement == 0.6
    assert measured(trials, floor=0.05).improvement == 0.4
