"""A block goes on from what the blocks before it found, and compares it with a baseline of its own regime."""

from dataclasses import replace

import pytest
from search_worlds import bowl, comparable, open_study, run_study, settings

from hydra_llm.search.records import confirmation
from hydra_llm.search.settings import Confirmation
from hydra_llm.search.space.space import Categorical, Space

SEEDED = settings(n_trials=18, n_iter_block=6, seed_keys=("seed",))
REGIMES = Space((Categorical(name="simulation", choices=("easy", "hard", "odd"), default="easy"),))
CHANGING = replace(SEEDED, block_space=REGIMES)


def blocks(folder, wanted, proposer="rules"):
    study = open_study(folder, wanted, proposer)
    run_study(study, bowl)
    return study.state, [study.state.block_trials(block.index) for block in study.state.blocks]


def test_a_block_of_the_same_regime_starts_from_the_leader_and_not_from_the_baseline(tmp_path):
    state, (first, second, third) = blocks(tmp_path, SEEDED)
    best = state.trees[1].best()
    assert first[0].values == SEEDED.space.baseline()
    assert (second[0].values, second[0].proposal.strategy) == (best.values, "inherit")
    assert second[0].proposal.note == f"the leader of block 1, trial {best.id}"
    baseline = SEEDED.space.key(SEEDED.space.baseline())
    assert baseline not in {SEEDED.space.key(t.values) for t in (*second, *third)}
    assert third[0].values == state.trees[2].best().values


def test_the_leader_runs_on_a_recording_that_it_has_not_seen(tmp_path):
    state, (_, second, _) = blocks(tmp_path, SEEDED)
    seen = [t.seeds for t in state.block_trials(1) if t.values == second[0].values]
    assert second[0].seeds not in seen


def test_after_a_change_of_regime_the_baseline_comes_first_and_the_leader_second(tmp_path):
    state, (_, second, third) = blocks(tmp_path, CHANGING)
    for before, own in ((1, second), (2, third)):
        assert own[0].values == SEEDED.space.baseline()
        assert (own[1].values, own[1].proposal.parent) == (state.trees[before].best().values, own[0].number)
        assert sum(t.proposal.strategy == "inherit" for t in own) == 1


def test_in_several_slots_baseline_and_leader_are_one_batch(tmp_path):
    _, (_, second, _) = blocks(tmp_path, replace(CHANGING, n_parallel=3))
    assert [t.proposal.strategy for t in second[:2]] == ["baseline", "inherit"]
    _, (_, second, _) = blocks(tmp_path / "same", replace(SEEDED, n_parallel=3))
    assert second[0].proposal.strategy == "inherit"
    assert SEEDED.space.baseline() not in [t.values for t in second[:3]]


@pytest.mark.parametrize("wanted", [SEEDED, CHANGING])
def test_the_process_knows_the_runs_of_its_own_regime_and_no_others(tmp_path, wanted):
    state, (first, second, third) = blocks(tmp_path, wanted)
    runs = len(first) + len(second) + len(third) if wanted is SEEDED else len(third)
    assert len(state.trees[3].belief.process.data.targets) == runs


def test_the_gaussian_process_needs_no_second_design_in_a_regime_that_it_knows(tmp_path):
    wanted = replace(SEEDED, reward="posterior", fresh_seeds=True)
    _, (first, second, third) = blocks(tmp_path / "same", wanted, "bayes")
    assert "design" in {t.proposal.strategy for t in first}
    assert not {"design", "baseline"} & {t.proposal.strategy for t in (*second, *third)}
    _, (_, second, _) = blocks(tmp_path / "other", replace(wanted, block_space=REGIMES), "bayes")
    assert [t.proposal.strategy for t in second[:3]] == ["baseline", "inherit", "design"]


def test_an_interrupted_sweep_inherits_as_the_whole_one(tmp_path):
    whole = run_study(open_study(tmp_path / "whole", SEEDED), bowl)
    run_study(open_study(tmp_path / "cut", SEEDED), bowl, stop_after=8)
    assert comparable(run_study(open_study(tmp_path / "cut", SEEDED), bowl)) == comparable(whole)


def test_the_baseline_of_an_earlier_block_stands_against_the_best_of_a_later_one(tmp_path):
    wanted = replace(SEEDED, confirmation=Confirmation(n_seeds=2, budgets=("search",)))
    state, _ = blocks(tmp_path, wanted)
    assert state.trees[3].baseline is None
    assert state.baseline(3) is state.trees[1].root
    assert {t.proposal.role for t in state.confirmations} == {"best", "baseline"}
    (found,) = confirmation.compare(state)
    assert found.pairs == 2


def test_a_block_before_which_nothing_has_a_score_starts_at_the_baseline(tmp_path):
    study = open_study(tmp_path, replace(SEEDED, max_failure_rate=1.0))
    run_study(study, lambda trial: {"R2": float("nan")} if trial.number < 6 else bowl(trial))
    second = study.state.block_trials(2)
    assert second[0].proposal.strategy != "inherit"
