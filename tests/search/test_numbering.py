from dataclasses import replace

from search_worlds import OBJECTIVE, SPACE, settings, trial

from hydra_llm.search.log.events import Asked, AskedTrial, BlockRecord
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.numbering import Numbering
from hydra_llm.search.trial.seeds import fresh_seeds, replicate_seeds

WANTED = settings(seed_keys=("seed",))


def state_with(*numbers):
    asked = tuple(AskedTrial(number, trial(number, None).proposal, {}) for number in numbers)
    return SweepState(SPACE, OBJECTIVE, [BlockRecord(1, {}), Asked(0.0, 1, asked)])


def test_numbers_go_on_above_the_log_and_above_folders_that_are_there(tmp_path):
    (tmp_path / "figures").mkdir()
    assert Numbering(state_with(), WANTED, tmp_path).next == 0
    assert Numbering(state_with(0, 3), WANTED, tmp_path).next == 4
    (tmp_path / "7").mkdir()
    assert Numbering(state_with(0, 3), WANTED, tmp_path).next == 8


def test_a_configuration_gets_the_seeds_of_its_next_run_also_within_a_batch(tmp_path):
    same, other = trial(0, None).proposal, trial(0, None, lr=0.01).proposal
    asked = Numbering(state_with(0), WANTED, tmp_path).search([same, other, same])
    assert [one.number for one in asked] == [1, 2, 3]
    assert [one.seeds for one in asked] == [replicate_seeds(0, ("seed",), run) for run in (1, 0, 2)]


def test_fresh_seeds_are_those_of_the_number(tmp_path):
    (asked,) = Numbering(state_with(0), replace(WANTED, fresh_seeds=True), tmp_path).search([trial(0, None).proposal])
    assert (asked.number, asked.seeds) == (1, fresh_seeds(0, ("seed",), 1))


def in_a_second_block(*runs):
    """A state whose second block, of the same regime, has `runs`; the first ran the baseline on two recordings."""
    first, second = (replicate_seeds(0, ("seed",), run) for run in (0, 1))
    baseline = trial(0, None).proposal
    early = (AskedTrial(0, baseline, first), AskedTrial(1, baseline, second))
    asked = (Asked(0.0, 1, early), BlockRecord(2, {}), Asked(0.0, 2, runs))
    return SweepState(SPACE, OBJECTIVE, [BlockRecord(1, {}), *asked])


def test_a_second_block_begins_on_a_recording_that_its_leader_has_not_seen(tmp_path):
    (asked,) = Numbering(in_a_second_block(), WANTED, tmp_path).search([trial(0, None).proposal])
    assert asked.seeds == replicate_seeds(0, ("seed",), 2)


def test_new_configurations_of_a_second_block_run_where_its_leader_ran(tmp_path):
    third, leader = replicate_seeds(0, ("seed",), 2), trial(0, None).proposal
    state = in_a_second_block(AskedTrial(2, leader, third))
    new, again = Numbering(state, WANTED, tmp_path).search([trial(0, None, lr=0.01).proposal, leader])
    assert new.seeds == third
    assert again.seeds == replicate_seeds(0, ("seed",), 3)


def test_a_named_recording_is_counted_in_its_block_and_a_new_one_was_in_none(tmp_path):
    third, other = replicate_seeds(0, ("seed",), 2), trial(0, None, lr=0.01).proposal
    state = in_a_second_block(AskedTrial(2, trial(0, None).proposal, third))
    known, new = Numbering(state, WANTED, tmp_path).search([other.on(1), other.on(2)])
    assert known.seeds == third
    assert new.seeds == replicate_seeds(0, ("seed",), 3)
