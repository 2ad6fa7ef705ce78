"""Jobs that were in flight when the sweeper ended; submitit's files are real, the scheduler is a function."""

import pickle
import subprocess
import sys

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from hydra_llm.atomic_write import write_json
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch import scheduler
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.slurm import JobState

utils = pytest.importorskip("submitit.core.utils", reason="submitit is not installed")


def submit(tmp_path, job, number, attempt=1, slurm=False):
    """What submitit leaves behind when it submits one job."""
    folder = tmp_path / ".submitit" / job
    folder.mkdir(parents=True)
    again = [f"+hydra.job.env_set.HYDRA_LLM_ATTEMPT='{attempt}'"] if attempt > 1 else []
    arguments = (["x=1", *again], "hydra.sweep.dir", number, f"job_id_for_{number}", {})
    utils.DelayedSubmission(print, *arguments).dump(folder / f"{job}_submitted.pkl")
    if slurm:
        (folder / f"{job}_submission.sh").write_text("#!/bin/sh\n")
    return folder


def finish(folder, job, value):
    result = JobReturn(
        status=JobStatus.COMPLETED, hydra_cfg=OmegaConf.create({"hydra": {"runtime": {"output_dir": ""}}})
    )
    result.return_value = {"m": value}
    utils.cloudpickle_dump(("success", result), folder / f"{job}_0_result.pkl")


def reader(tmp_path):
    return Reader(Objective("m"), tmp_path)


def never():
    raise AssertionError("there was nothing to wait for")


def collect(tmp_path, number, attempt=1, job_state=JobState.ENDED, pause=never):
    return scheduler.collect(reader(tmp_path), number, attempt, pause, lambda submission: job_state)


def test_the_jobs_own_record_comes_first(tmp_path):
    finish(submit(tmp_path, "11", 3), "11", 1.0)
    (tmp_path / "3").mkdir()
    write_json(tmp_path / "3" / "result.json", {"number": 3, "status": "COMPLETED", "result": {"m": 2.0}})
    assert collect(tmp_path, 3).value == 2.0


def test_a_result_that_only_submitit_has_is_found_by_number_and_attempt(tmp_path):
    finish(submit(tmp_path, "11", 3), "11", 1.0)
    finish(submit(tmp_path, "12", 3, attempt=2), "12", 4.0)
    finish(submit(tmp_path, "13", 4), "13", 9.0)
    assert collect(tmp_path, 3, attempt=2).value == 4.0
    assert collect(tmp_path, 3, attempt=1).value == 1.0


@pytest.mark.parametrize("job_state", [JobState.IN_QUEUE, JobState.UNKNOWN])
def test_a_job_that_the_scheduler_has_or_says_nothing_of_is_waited_for(tmp_path, job_state):
    folder = submit(tmp_path, "11", 0)
    pauses = []

    def pause():
        pauses.append(1)
        if len(pauses) == 3:
            finish(folder, "11", 5.0)

    assert collect(tmp_path, 0, job_state=job_state, pause=pause).value == 5.0
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("job_state", "state"), [(JobState.ENDED, TrialState.LOST), (JobState.CANCELLED, TrialState.CANCELLED)]
)
def test_a_job_that_is_gone_is_lost_and_a_cancelled_one_is_cancelled(tmp_path, job_state, state):
    submit(tmp_path, "11", 0)
    assert collect(tmp_path, 0, job_state=job_state).state is state


def test_a_job_that_no_scheduler_knows_ended_with_the_sweeper(tmp_path):
    assert collect(tmp_path, 0) is None


def test_half_of_a_result_is_no_result(tmp_path):
    folder = submit(tmp_path, "11", 0)
    finish(folder, "11", 5.0)
    path = folder / "11_0_result.pkl"
    path.write_bytes(path.read_bytes()[:-20])
    assert collect(tmp_path, 0).state is TrialState.LOST


def test_an_error_outside_the_task_is_lost_with_its_text(tmp_path):
    folder = submit(tmp_path, "11", 0)
    (folder / "11_0_result.pkl").write_bytes(pickle.dumps(("error", "ModuleNotFoundError: no module named lab")))
    outcome = collect(tmp_path, 0)
    assert outcome.state is TrialState.LOST
    assert "no module named lab" in str(outcome.error)


def test_a_local_job_is_alive_while_its_process_is(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    submit(tmp_path, str(process.pid), 0)
    found = scheduler.find_submission(tmp_path, 0, 1)
    assert found is not None
    assert scheduler.state_of_submission(found) is JobState.IN_QUEUE
    process.kill()
    process.wait()
    assert scheduler.state_of_submission(found) is JobState.ENDED


def test_the_command_that_cancels_names_jobs_of_slurm_only(tmp_path):
    submit(tmp_path, "4711", 0, slurm=True)
    submit(tmp_path, "99", 1)
    assert scheduler.cancel_line(tmp_path, [(0, 1), (1, 1), (2, 1)]) == "scancel 4711"
    assert scheduler.cancel_line(tmp_path, [(1, 1)]) == ""
