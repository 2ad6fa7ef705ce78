"""The default searcher: a legal proposer like any other, and what it does with its trials."""

import random
from dataclasses import replace

import numpy as np
import pytest
from search_worlds import SPACE, bowl, comparable, open_study, run_study, settings

from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.bayes import pool
from hydra_llm.search.proposers.bayes.proposer import BayesProposer, design_size
from hydra_llm.search.space.space import Categorical, Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.surrogate.encoding import Encoding
from hydra_llm.search.testing.proposals import ProposerConformance
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState

WANTED = settings(n_trials=24, reward="posterior", seed_keys=("seed",), fresh_seeds=True)


class TestBayes(ProposerConformance):
    def make(self) -> Proposer:
        return BayesProposer()


def run(folder, wanted=WANTED, task=bowl):
    return run_study(open_study(folder, wanted, "bayes"), task)


def test_the_default_comes_first_then_the_design_then_the_process(tmp_path):
    trials = run(tmp_path)
    strategies = [t.proposal.strategy for t in trials]
    assert trials[0].values == SPACE.baseline()
    assert strategies[:4] == ["baseline", "design", "design", "design"]
    assert set(strategies[4:]) <= {*pool.SOURCES, "replicate"}


def test_a_start_from_baselines_runs_the_default_alone_in_three_batches(tmp_path):
    trials = run(tmp_path, replace(WANTED, n_parallel=4, start="baselines"))
    assert all(t.values == SPACE.baseline() for t in trials[:12])
    assert trials[12].values != SPACE.baseline()


def test_slots_beside_the_leader_that_a_block_starts_from_are_a_design(tmp_path, caplog):
    """No trial of the block has a score then, and the process has nothing to improve on."""
    trials = run(tmp_path, replace(WANTED, n_parallel=4, n_iter_block=12))
    assert [t.proposal.strategy for t in trials[12:16]] == ["inherit", "design", "design", "design"]
    assert len({SPACE.key(t.values) for t in trials[12:16]}) == 4
    assert "failed" not in caplog.text


def test_every_trial_has_a_parent_a_mutation_and_from_the_process_on_an_expectation(tmp_path):
    later = run(tmp_path)[4:]
    assert all(t.proposal.parent is not None for t in later)
    new = [t for t in later if t.proposal.strategy != "replicate"]
    assert all(t.proposal.changes and t.proposal.note.startswith("expected R2 ") for t in new)


@pytest.mark.parametrize("slots", [1, 4])
def test_the_bowl_is_solved_and_the_recommendation_is_near_its_best(tmp_path, slots):
    study = open_study(tmp_path, replace(WANTED, n_parallel=slots), "bayes")
    run_study(study)
    assert bowl(study.best, noise=0.0)["R2"] > 0.95


def test_four_slots_run_four_configurations(tmp_path):
    trials = run(tmp_path, replace(WANTED, n_parallel=4))
    keys = [SPACE.key(t.values) for t in trials if t.proposal.strategy != "replicate"]
    assert len(set(keys)) == len(keys)


def test_a_sweep_cut_short_and_resumed_goes_on_as_if_nothing_had_happened(tmp_path):
    whole = run(tmp_path / "whole")
    run_study(open_study(tmp_path / "cut", WANTED, "bayes"), stop_after=11)
    assert comparable(run_study(open_study(tmp_path / "cut", WANTED, "bayes"))) == comparable(whole)


def test_a_region_that_fails_is_left():
    """Everything above lr = 0.05 raises, as training that diverges does."""
    space = Space(
        (Float(name="lr", low=1e-4, high=1.0, log=True, default=0.001), Float(name="x", low=0, high=1, default=0.5))
    )
    study = Study.in_memory(space, n_trials=30)
    failed = []
    while trials := study.ask(1):
        (trial,) = study.launched(trials)
        bad = trial.values["lr"] > 0.05
        failed.append(bad)
        study.tell(trial.number, ValueError("diverged") if bad else 1.0 - abs(trial.values["x"] - 0.3))
    assert sum(failed[15:]) <= 2


def test_reruns_compete_for_the_last_trials_only_where_a_rerun_is_another_draw():
    """Two settings with nearly equal means and much noise: a rerun is the only way to tell them apart."""
    space = Space((Categorical(name="net", choices=("a", "b", "c", "d", "e", "f"), default="a"),))

    def strategies(**more):
        study = Study.in_memory(space, n_trials=16, **more)
        rng = random.Random(0)
        found = []
        while trials := study.ask(1):
            (trial,) = study.launched(trials)
            found.append(trial.proposal.strategy)
            study.tell(trial.number, (trial.values["net"] in "ab") + rng.gauss(0, 0.3))
        return found

    assert "replicate" in strategies(seed_keys=("seed",), fresh_seeds=True)


def test_another_block_begins_with_what_served_the_one_before(tmp_path):
    regimes = Space((Categorical(name="size", choices=(1, 2), default=1),))
    study = open_study(tmp_path, replace(WANTED, n_iter_block=12, block_space=regimes), "bayes")
    trials = run_study(study)
    first = max((t for t in trials if t.block == 1), key=lambda t: t.value)
    second = [t for t in trials if t.block == 2]
    assert second[0].values == SPACE.baseline()
    inherited = [t.values for t in second if t.proposal.strategy == "inherit"]
    assert second[1].values == inherited[0], "at once"
    assert first.values in inherited, "the leader is that of the belief, the best run comes along"


@pytest.mark.parametrize("total", [4, 24, 100])
def test_the_design_is_one_more_than_the_parameters_within_a_quarter_of_the_trials(total):
    wide = Space(tuple(Float(name=f"x{i}", low=0, high=1, default=0.5) for i in range(9)))
    assert design_size(wide, total) == {4: 4, 24: 6, 100: 10}[total]


def test_a_space_that_is_used_up_is_a_sentence_and_not_a_hang():
    space = Space((Categorical(name="net", choices=("a", "b", "c"), default="a"),))
    study = Study.in_memory(space, n_trials=3)
    while trials := study.ask(1):
        (trial,) = study.launched(trials)
        study.tell(trial.number, {"a": 0.1, "b": 0.5, "c": 0.2}[trial.values["net"]])
    assert study.best.values == {"net": "b"}


def test_every_source_gives_rows_that_stand_for_configurations():
    encoding = Encoding(SPACE)
    rng = np.random.default_rng(0)
    rows = encoding.rows(SPACE.sample(rng) for _ in range(5))
    for name, source in pool.SOURCES.items():
        found = encoding.snap(source(pool.Leaders(encoding, rows, rng)))
        assert len(found), name
        assert all(SPACE.validate(encoding.values(row)) == [] for row in found[:20]), name


def test_minimising_is_maximising_turned_round():
    def values(objective, sign):
        study = Study.in_memory(SPACE, objective, n_trials=14)
        found = []
        while trials := study.ask(1):
            (trial,) = study.launched(trials)
            found.append(trial.values)
            study.tell(trial.number, {"m": sign * bowl(trial)["R2"]})
        return found

    assert values(Objective("m"), 1.0) == values(Objective("m", "minimize"), -1.0)


def test_a_decision_at_a_thousand_trials_knows_three_hundred_of_them():
    study = Study.in_memory(SPACE, n_trials=1002, proposer="random")
    for _ in range(1000):
        (trial,) = study.launched(study.ask(1))
        study.tell(trial.number, Outcome(TrialState.COMPLETED, bowl(trial)["R2"]))
    assert len(study.state.tree.belief.process.data.targets) == 300
    assert study.expected(SPACE.baseline()) is not None
