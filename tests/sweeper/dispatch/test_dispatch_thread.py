"""Threads over launchers that leave the process; the launchers here are plain functions."""

import json
import threading
import time

import pytest
from hydra.core.utils import JobReturn, JobStatus

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.thread import ThreadDispatch


class Launcher:
    """launch() is the function that it was made with: number -> what the task returns."""

    def __init__(self, task):
        self._task = task

    def launch(self, job_overrides, initial_job_idx):
        job = JobReturn(status=JobStatus.COMPLETED)
        job.return_value = self._task(initial_job_idx)
        return [job]


def dispatch(tmp_path, task, n_slots=2, **times):
    return ThreadDispatch(lambda: Launcher(task), Reader(Objective("m"), tmp_path), n_slots, **times)


def wait_all(running):
    outcomes = {}
    end = time.monotonic() + 20
    while running.running and time.monotonic() < end:
        outcomes |= running.wait(0.5)
    return outcomes


def test_two_jobs_run_at_the_same_time(tmp_path):
    both = threading.Barrier(2, timeout=10)  # passes only when both jobs have arrived

    def task(number):
        both.wait()
        return {"m": float(number)}

    slots = dispatch(tmp_path, task)
    slots.start([Launch(0, 0, []), Launch(1, 1, [])])
    assert {n: o.value for n, o in wait_all(slots).items()} == {0: 0.0, 1: 1.0}


def test_a_slot_is_free_as_soon_as_its_own_job_has_ended(tmp_path):
    release = threading.Event()
    slots = dispatch(tmp_path, lambda n: {"m": 1.0} if n else {"m": float(release.wait(10))})
    slots.start([Launch(0, 0, []), Launch(1, 1, [])])
    assert list(slots.wait(10)) == [1]
    assert slots.free_slots == [1]
    slots.start([Launch(2, 1, [])])
    assert list(slots.wait(10)) == [2]
    release.set()
    assert list(slots.wait(10)) == [0]


def test_a_launcher_that_raises_costs_its_own_job_only(tmp_path):
    def task(number):
        if number == 0:
            raise OSError("node down")
        if number == 1:
            raise SystemExit(4)
        return {"m": 1.0}

    slots = dispatch(tmp_path, task, n_slots=3)
    slots.start([Launch(n, n, []) for n in range(3)])
    outcomes = wait_all(slots)
    assert [outcomes[n].state for n in range(3)] == [TrialState.LOST, TrialState.FAILED, TrialState.COMPLETED]
    assert "node down" in str(outcomes[0].error)


def test_a_job_that_the_scheduler_cancelled_is_cancelled(tmp_path):
    def task(number):
        raise RuntimeError("Job 17 (task: 0) with path ... has not produced any output (state: CANCELLED by 0)")

    slots = dispatch(tmp_path, task)
    slots.start([Launch(0, 0, [])])
    assert wait_all(slots)[0].state is TrialState.CANCELLED


def test_a_job_far_beyond_its_limit_gives_its_slot_up_and_its_late_result_is_ignored(tmp_path):
    release = threading.Event()
    times = {"limit_s": 0.1, "grace_s": 0.1, "poll_s": 0.05}
    slots = dispatch(tmp_path, lambda n: {"m": float(release.wait(10))}, n_slots=1, **times)
    (tmp_path / "0").mkdir()
    slots.start([Launch(0, 0, [])])
    (tmp_path / "0" / "started.json").write_text(json.dumps({"number": 0, "time": time.time()}))
    outcomes = slots.wait(10)
    assert outcomes[0].state is TrialState.TIMEOUT
    assert slots.free_slots == [0]
    release.set()
    assert slots.wait(0.5) == {}


def test_a_result_on_disk_is_taken_when_launch_does_not_return(tmp_path):
    release = threading.Event()
    slots = dispatch(tmp_path, lambda n: {"m": float(release.wait(10))}, n_slots=1, late_s=0.2, poll_s=0.05)
    (tmp_path / "0").mkdir()
    slots.start([Launch(0, 0, [])])
    (tmp_path / "0" / "result.json").write_text(json.dumps({"number": 0, "status": "COMPLETED", "result": {"m": 3.0}}))
    assert slots.wait(10)[0].value == 3.0
    assert slots.free_slots == [0]
    release.set()


def test_time_in_the_queue_of_a_scheduler_is_not_the_jobs(tmp_path):
    release = threading.Event()
    times = {"limit_s": 0.1, "grace_s": 0.0, "poll_s": 0.05}
    slots = dispatch(tmp_path, lambda n: {"m": float(release.wait(10))}, n_slots=1, **times)
    slots.start([Launch(0, 0, [])])  # no started.json: it has not begun
    assert slots.wait(0.6) == {}
    release.set()
    assert slots.wait(10)[0].state is TrialState.COMPLETED


def test_a_taken_slot_is_refused(tmp_path):
    release = threading.Event()
    slots = dispatch(tmp_path, lambda n: {"m": float(release.wait(10))}, n_slots=1)
    slots.start([Launch(0, 0, [])])
    with pytest.raises(ValueError, match=r"needs a free slot \(\[\]\), got slot 0"):
        slots.start([Launch(1, 0, [])])
    release.set()
    wait_all(slots)
