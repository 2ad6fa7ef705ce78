import pytest
from search_worlds import OBJECTIVE, tree_of, trial

from hydra_llm.search.statistics.progress import measure, window_of


def measured(trials, floor=0.0):
    return measure(trials, tree_of(*trials), OBJECTIVE, 12, floor)


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
        return measure(trials, tree_of(*trials), OBJECTIVE, 12, 0.0)

    assert measured(0.1, 0.5, 0.9, 0.90, 0.91, 0.89).plateau
    assert not measured(0.1, 0.5, 0.9, 0.7, 0.9, 0.5).plateau
