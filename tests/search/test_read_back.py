"""A sweep as its log tells it to a person who did not run it."""

from search_worlds import open_study, run_study, settings

from hydra_llm.search.log.reader import read_sweep, space_of
from hydra_llm.search.log.state import SweepState


def test_a_sweep_that_is_read_back_has_the_best_that_it_had(tmp_path):
    """Near a ceiling gains count by the distance to it, which the order of configurations depends on."""
    wanted = settings(n_trials=30, seed_keys=("seed",), reward="paired", ceiling=1.0)
    study = open_study(tmp_path, wanted)
    run_study(study)
    read = read_sweep(tmp_path)
    assert (read.settings.ceiling, read.settings.reward) == (1.0, "paired")
    kept, found = study.state.trees[1], read.state.trees[1]
    assert [found.reward(node) for node in found.scored()] == [kept.reward(node) for node in kept.scored()]
    without = SweepState(read.settings.space, read.settings.objective, read.events, reward="paired").trees[1]
    assert [without.reward(node) for node in without.scored()] != [kept.reward(node) for node in kept.scored()]


def test_a_range_of_whole_numbers_from_before_its_ends_had_to_be_whole_is_read():
    space = space_of([{"kind": "integer", "name": "n", "low": 0.5, "high": 8.5, "default": 2}])
    assert list(space["n"].options) == list(range(1, 9))
