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
