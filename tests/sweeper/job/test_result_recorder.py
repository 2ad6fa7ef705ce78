import json
import pickle

import numpy as np
import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.batch import BatchDispatch, consecutive
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.signals import Interruptible
from hydra_llm.sweeper.job.result_recorder import ResultRecorder


def write(folder, result, status=JobStatus.COMPLETED, number=0):
    folder.mkdir(parents=True, exist_ok=True)
    config = OmegaConf.create({"hydra": {"runtime": {"output_dir": str(folder)}, "job": {"num": number}}})
    job = JobReturn(status=status)
    job.return_value = result
    recorder = pickle.loads(pickle.dumps(ResultRecorder()))  # as it reaches a worker
    recorder.on_job_start(config)
    recorder.on_job_end(config, job)


class Launcher:
    """Launches by a list of functions, one per job; what they raise escapes, as from a killed worker."""

    def __init__(self, *jobs):
        self.jobs = list(jobs)

    def launch(self, job_overrides, initial_job_idx):
        return [self.jobs.pop(0)(initial_job_idx + i) for i in range(len(job_overrides))]


def reader(tmp_path, scattered=False):
    return Reader(Objective("m"), tmp_path, scattered=scattered)


def run(tmp_path, launcher, count):
    dispatch = BatchDispatch(launcher, reader(tmp_path), count, signals=Interruptible(), restore_log=lambda: None)
    dispatch.start([Launch(i, i, []) for i in range(count)])
    return dispatch.wait(0.0)


def test_a_result_comes_back_from_the_record_as_the_task_returned_it(tmp_path):
    write(tmp_path / "3", {"m": np.float64(0.5), "sub": {"n": 1}}, number=3)
    outcome = reader(tmp_path).read_recorded_outcome(3)
    assert outcome is not None
    assert (outcome.state, outcome.value, outcome.metrics) == (TrialState.COMPLETED, 0.5, {"m": 0.5, "sub/n": 1.0})


@pytest.mark.parametrize("result", [None, float("nan"), {"other": 1.0, "more": 2.0}, object(), "text"])
def test_a_result_without_the_metric_is_invalid_from_the_record_too(tmp_path, result):
    write(tmp_path / "0", result)
    outcome = reader(tmp_path).read_recorded_outcome(0)
    assert outcome is not None
    assert outcome.state is TrialState.INVALID


def test_an_exception_is_recorded_with_type_message_and_traceback(tmp_path):
    try:
        raise RuntimeError("lr too high")
    except RuntimeError as error:
        write(tmp_path / "0", error, JobStatus.FAILED)
    outcome = reader(tmp_path).read_recorded_outcome(0)
    assert outcome is not None
    assert outcome.error is not None
    assert (outcome.state, outcome.error.type, outcome.error.message) == (
        TrialState.FAILED,
        "RuntimeError",
        "lr too high",
    )
    assert "raise RuntimeError" in outcome.error.traceback


def test_finished_siblings_of_a_killed_job_count(tmp_path):
    def killed(number):
        raise OSError("worker terminated")

    launcher = Launcher(lambda n: write(tmp_path / str(n), {"m": 1.0}, number=n), killed)
    outcomes = run(tmp_path, launcher, 2)
    assert [outcomes[n].state for n in (0, 1)] == [TrialState.COMPLETED, TrialState.LOST]
    assert "worker terminated" in str(outcomes[1].error)


def test_a_stale_result_of_an_earlier_attempt_is_not_taken_for_a_new_one(tmp_path):
    def killed(number):
        raise OSError("worker terminated")

    write(tmp_path / "0", {"m": 1.0})
    outcomes = run(tmp_path, Launcher(killed), 1)
    assert outcomes[0].state is TrialState.LOST


def test_a_task_that_calls_sys_exit_fails_alone(tmp_path):
    def leaves(number):
        raise SystemExit(3)

    launcher = Launcher(lambda n: write(tmp_path / str(n), {"m": 1.0}, number=n), leaves)
    outcomes = run(tmp_path, launcher, 2)
    assert [outcomes[n].state for n in range(2)] == [TrialState.COMPLETED, TrialState.FAILED]
    assert "exit code 3" in str(outcomes[1].error)


def test_a_folder_elsewhere_is_found_by_the_number_in_its_record(tmp_path):
    write(tmp_path / "lr=0.1", {"m": 2.0}, number=5)
    outcome = reader(tmp_path, scattered=True).read_recorded_outcome(5)
    assert outcome is not None
    assert outcome.value == 2.0


def test_numbers_with_gaps_are_launched_in_consecutive_runs():
    launches = [Launch(n, 0, []) for n in (7, 2, 3, 8, 5)]
    assert [[launch.number for launch in batch] for batch in consecutive(launches)] == [[2, 3], [5], [7, 8]]


def test_half_of_a_result_is_no_result(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "result.json").write_text(json.dumps({"number": 0})[:5])
    assert reader(tmp_path).read_recorded_outcome(0) is None
