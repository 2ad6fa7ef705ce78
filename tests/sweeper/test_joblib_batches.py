"""Batches over joblib's processes, where one job ends the launch of all: who is charged, and what runs again."""

import pytest
from toy_sweeps import events, executions, sweep, told

BATCHES = (
    *("hydra/launcher=joblib", "hydra.launcher.n_jobs=3", "hydra.sweeper.dispatch=batch"),
    *("hydra.sweeper.n_parallel=3", "hydra.sweeper.n_trials=4", "hydra.sweeper.confirm={n_seeds: 0}"),
    *("hydra.sweeper.seed=3", "hydra.sweeper.fail_fast=0", "hydra.sweeper.enqueue=[{x: 0.1}, {x: 0.8}]"),
)


def beyond(folder):
    """Numbers of the trials whose x is one that fails."""
    asked = [trial for event in events(folder, "asked") for trial in event["trials"]]
    return {trial["number"] for trial in asked if trial["proposal"]["values"]["x"] < 0.4}


@pytest.mark.parametrize(("fault", "state"), [("exit", "FAILED"), ("interrupt", "FAILED"), ("kill", "LOST")])
def test_the_job_that_ended_the_launch_is_charged_and_its_siblings_complete(tmp_path, fault, state):
    faults = (f"fault={fault}", "fault_at=0.9", "fault_beyond=0.5", "hydra.sweeper.max_infra_retries=0")
    sweep(tmp_path, *BATCHES, *faults)
    guilty = beyond(tmp_path)
    assert 1 in guilty
    assert not {0, 2} & guilty
    assert {number for number, ended, _ in told(tmp_path) if ended == state} == guilty
    assert {number for number, ended, _ in told(tmp_path) if ended == "COMPLETED"} == set(range(4)) - guilty
    put_back = events(tmp_path, "lost")  # siblings that had not ended by then
    assert not any(event["charged"] for event in put_back)
    assert len(executions(tmp_path)) <= 4 + len(put_back)
