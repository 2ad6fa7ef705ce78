"""llm_ucb on a real SLURM: arrays, single jobs, and what goes wrong there."""

import signal
from pathlib import Path

import pytest
from slurm_sweeps import (
    TOY,
    TRAIN,
    check_invariants,
    command,
    events,
    executions,
    finish,
    job_ids,
    start,
    states,
    sweep,
)

pytestmark = pytest.mark.slow

FAULTS = TOY.with_name("faults.py")
SLOTS = ("hydra.sweeper.n_parallel=2",)


def n_ended(folder: Path) -> int:
    return len(states(folder))


def test_twelve_trials_run_in_asynchronous_slots_as_single_jobs(cluster, tmp_path):
    text = sweep(cluster, tmp_path, *SLOTS, "hydra.sweeper.n_trials=12")
    check_invariants(tmp_path, 12)
    assert set(states(tmp_path).values()) == {"COMPLETED"}
    assert len(executions(tmp_path)) == 12
    assert not any("_" in job for job in job_ids(tmp_path))
    assert "sacct does not answer here" in text


def test_a_batch_is_an_array(cluster, tmp_path):
    sweep(cluster, tmp_path, *SLOTS, "hydra.sweeper.n_trials=4", "hydra.sweeper.dispatch=batch")
    check_invariants(tmp_path, 4)
    assert set(states(tmp_path).values()) == {"COMPLETED"}
    assert sum("_" in job for job in job_ids(tmp_path)) == 4


@pytest.mark.parametrize("dispatch", ["thread", "batch"])
def test_a_killed_job_is_noticed_without_sacct_and_costs_no_other_job(cluster, tmp_path, dispatch):
    """Job n of the application goes wrong in way n: none, raise, nan, exit, kill."""
    sweep(
        cluster,
        tmp_path,
        *(*SLOTS, "hydra.sweeper.n_trials=5", f"hydra.sweeper.dispatch={dispatch}", f"runs_file={tmp_path}/runs.txt"),
        *("hydra.sweeper.max_infra_retries=0", "hydra.sweeper.max_failure_rate=1.0"),
        app=FAULTS,
    )
    assert states(tmp_path) == {0: "COMPLETED", 1: "FAILED", 2: "INVALID", 3: "LOST", 4: "LOST"}


def test_a_job_that_a_person_cancels_is_cancelled(cluster, tmp_path):
    process = start(cluster, tmp_path, "hydra.sweeper.n_trials=2", "sleep=20", "hydra.sweeper.fail_fast=0")
    cluster.wait_until(lambda: any(cluster.state(j) == "RUNNING" for j in cluster.jobs()), "a job runs", 60)
    cluster.client("scancel", *cluster.jobs())
    finish(cluster, process)
    assert states(tmp_path)[0] == "CANCELLED"
    assert states(tmp_path)[1] == "COMPLETED"


def test_a_preempted_job_is_requeued_in_its_own_folder_and_completes(cluster, tmp_path):
    process = start(cluster, tmp_path, "hydra.sweeper.n_trials=1", "sleep=8")
    cluster.wait_until(lambda: (tmp_path / "sweep" / "0" / "started.json").exists(), "the task runs", 60)
    (job,) = cluster.jobs()
    for name in ("TERM", "USR2"):  # what a preempting SLURM sends ahead of the end
        cluster.client("scancel", f"--signal={name}", job)
    finish(cluster, process)
    assert states(tmp_path) == {0: "COMPLETED"}
    assert len(events(tmp_path, "launched")) == 1
    assert len(job_ids(tmp_path)) == 1


def test_a_job_past_its_time_limit_ends_as_timeout(cluster, tmp_path):
    sweep(
        cluster,
        tmp_path,
        *("hydra.sweeper.n_trials=2", "sleep=60", "hydra.sweeper.job_timeout_s=4", "hydra.sweeper.fail_fast=0"),
        "hydra.sweeper.max_failure_rate=1.0",
        expect=1,  # nothing completed
    )
    assert set(states(tmp_path).values()) == {"TIMEOUT"}


def test_the_time_limit_of_slurm_ends_a_job_as_timeout(cluster, tmp_path):
    text = sweep(
        cluster,
        tmp_path,
        *("hydra.sweeper.n_trials=1", "sleep=200", "hydra.launcher.timeout_min=1"),
        *("hydra.launcher.signal_delay_s=30", "hydra.launcher.max_num_timeout=0"),
        expect=1,
    )
    assert states(tmp_path) == {0: "TIMEOUT"}, text


def test_jobs_run_on_while_the_sweeper_is_dead_and_are_collected_when_it_comes_back(cluster, tmp_path):
    options = (*SLOTS, "hydra.sweeper.n_trials=6", "sleep=4")
    process = start(cluster, tmp_path, *options)
    cluster.wait_until(lambda: n_ended(tmp_path) >= 2, "two trials have ended", 90)
    cluster.wait_until(lambda: len(cluster.jobs()) == 2, "two jobs are in the queue", 60)
    process.kill()
    process.wait()
    assert cluster.jobs(), "killing the sweeper does not touch its jobs"
    sweep(cluster, tmp_path, *options)
    check_invariants(tmp_path, 6)
    assert set(states(tmp_path).values()) == {"COMPLETED"}
    assert len(executions(tmp_path)) == 6, "no job ran twice"


def test_an_interrupted_sweep_says_how_to_take_its_jobs_off_the_queue(cluster, tmp_path):
    process = start(cluster, tmp_path, "hydra.sweeper.n_trials=2", "sleep=60")
    cluster.wait_until(lambda: (tmp_path / "sweep" / "0" / "started.json").exists(), "the task runs", 60)
    (job,) = cluster.jobs()
    process.send_signal(signal.SIGTERM)
    text = finish(cluster, process, expect=None)
    assert f"scancel {job}" in text
    cluster.client("scancel", job)


def test_a_controller_that_is_away_for_a_while_costs_no_trial(cluster, tmp_path):
    process = start(cluster, tmp_path, "hydra.sweeper.n_trials=3", "sleep=3")
    try:
        cluster.wait_until(lambda: (tmp_path / "sweep" / "0" / "started.json").exists(), "the task runs", 60)
        cluster.stop_controller()
        assert process.stdout is not None
        noticed = any("The scheduler does not answer" in line for line in process.stdout)
    finally:
        cluster.start_controller()
    finish(cluster, process)
    assert noticed
    check_invariants(tmp_path, 3)
    assert set(states(tmp_path).values()) == {"COMPLETED"}


def test_the_sweeper_itself_can_be_a_job_that_is_requeued(cluster, tmp_path):
    words = command(tmp_path, "hydra.sweeper.n_trials=4", "sleep=2")
    script = tmp_path / "driver.sh"
    script.write_text(
        "#!/bin/sh\n#SBATCH --requeue --open-mode=append\nexec " + " ".join(f"'{w}'" for w in words) + "\n"
    )
    submitted = cluster.client(
        "sbatch", "--parsable", "-p", "debug", "-c", "1", "-o", f"{tmp_path}/driver.log", str(script)
    )
    driver = submitted.strip()
    assert driver, cluster.logs()
    cluster.wait_until(lambda: n_ended(tmp_path) >= 1, "the first trial has ended", 120)
    cluster.client("scontrol", "requeue", driver)
    cluster.wait_until(lambda: cluster.state(driver) in ("COMPLETED", "FAILED"), "the driver has ended", 180)
    log = (tmp_path / "driver.log").read_text()
    assert cluster.state(driver) == "COMPLETED", log
    check_invariants(tmp_path, 4)
    assert set(states(tmp_path).values()) == {"COMPLETED"}


def test_a_preempted_training_goes_on_from_its_own_checkpoint(cluster, tmp_path):
    process = start(
        cluster,
        tmp_path,
        *("hydra.sweeper.n_trials=1", "logger=none", "callbacks.figures=false", f"paths.datasets={tmp_path}/datasets"),
        *(
            "simulation.n_neurons=20",
            "simulation.n_frames=1000",
            "search.trial_overrides=[]",
            "training.max_steps=10000",
        ),
        *("training.spline_knots=0", "hydra.sweeper.confirm.n_seeds=0"),
        app=TRAIN,
    )
    job_folder = tmp_path / "sweep" / "0"
    last = job_folder / "checkpoints" / "last.ckpt"
    cluster.wait_until(lambda: last.exists() or process.poll() is not None, "an interval of the fit is done", 180)
    (job,) = cluster.jobs()
    for name in ("TERM", "USR2"):
        cluster.client("scancel", f"--signal={name}", job)
    finish(cluster, process)
    assert states(tmp_path) == {0: "COMPLETED"}
    log = (job_folder / "train.log").read_text()
    assert "its fit goes on from" in log
