"""Numeric proposers, rewards and budgets in whole sweeps, as typed."""

from importlib.util import find_spec

import pytest
from toy_sweeps import events, sweep, told

UNCONFIRMED = "hydra.sweeper.confirm={n_seeds: 0}"


@pytest.mark.parametrize("proposer", ["tpe", "bayes"])
def test_a_sweep_by_name_runs_and_names_its_proposer(tmp_path, proposer):
    text = sweep(
        tmp_path,
        f"hydra.sweeper.proposer={proposer}",
        "hydra.sweeper.n_trials=6",
        "hydra.sweeper.n_parallel=2",
        UNCONFIRMED,
    )
    assert f"{proposer} proposes" in text
    assert [state for _, state, _ in told(tmp_path)][:6] == ["COMPLETED"] * 6
    asked = [t["proposal"] for e in events(tmp_path, "asked") for t in e["trials"] if t.get("purpose") != "confirm"]
    assert {p["provenance"]["via"] or p["provenance"]["source"] for p in asked} == {proposer}


def test_reruns_leave_a_variance_table_and_the_reward_is_a_key(tmp_path):
    more = ("hydra.sweeper.seed_keys=[seed]", "hydra.sweeper.reward=lower_confidence", "noise=0.05", UNCONFIRMED)
    sweep(tmp_path, "hydra.sweeper.proposer=rules", "hydra.sweeper.n_trials=12", "hydra.sweeper.n_parallel=4", *more)
    assert "Noise floor" in (tmp_path / "sweep" / "variance.md").read_text()


def test_an_unknown_reward_and_a_missing_package_are_sentences_and_no_traceback(tmp_path):
    text = sweep(tmp_path / "a", "hydra.sweeper.reward=median", expect=1)
    assert (
        "hydra.sweeper.reward must be one of posterior, paired, mean, lower_confidence, min, or null, got 'median'."
        in text
    )
    assert "Traceback" not in text
    if find_spec("cmaes") is None:
        text = sweep(tmp_path / "b", "hydra.sweeper.proposer=cmaes", expect=1)
        assert "pip install cmaes" in text
        assert "Traceback" not in text


def test_a_number_of_failures_ends_the_sweep(tmp_path):
    more = ("fault=raise", "fault_beyond=-1", "hydra.sweeper.max_failure_rate=1.0", "hydra.sweeper.fail_fast=0")
    text = sweep(tmp_path, "hydra.sweeper.stop.max_failures=1", "hydra.sweeper.n_trials=9", *more, expect=1)
    assert "more than stop.max_failures=1" in text
    assert len(told(tmp_path)) == 2
