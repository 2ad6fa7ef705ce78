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
    flat = [trial(0, None, 0.50), trial(1, 0, 0.55, lr=0.1), trial(2, 0, 0.59, lr=0.01)]
    steep = [*flat[:2], trial(2, 0, 0.61, lr=0.01)]
    assert measured(flat).plateau
    assert not measured(steep).plateau


def test_the_window_is_a_quarter_of_a_block_and_at_least_three():
    assert [window_of(n) for n in (4, 12, 24, 48)] == [3, 3, 6, 12]


def test_nothing_is_claimed_before_anything_ran():
    rates = measured([])
    assert (rates.branching, rates.improvement, rates.failure, rates.plateau) == (None, None, None, False)
