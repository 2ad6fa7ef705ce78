"""What escapes from a launch of a whole batch: the task's own end is a failed trial, a signal ends the sweep."""

import os
import signal

import pytest

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.batch import BatchDispatch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.signals import Interruptible


class Launcher:
    """Its first job ends by `end`, and nothing is launched after it."""

    def __init__(self, end):
        self.end = end
        self.launched = []

    def launch(self, job_overrides, initial_job_idx):
        self.launched.append(initial_job_idx)
        self.end()


class Ended(BaseException):
    """As the exceptions by which trio and asyncio cancel."""


def raises(error):
    def end():
        raise error

    return end


def swallowed():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise SystemExit(1) from None


def started(folder, launcher, signals, numbers, restored=None):
    restored = [] if restored is None else restored
    reader = Reader(Objective("m"), folder)
    dispatch = BatchDispatch(launcher, reader, 3, signals=signals, restore_log=lambda: restored.append(True))
    dispatch.start([Launch(number, slot, []) for slot, number in enumerate(numbers)])
    return dispatch


def test_a_task_that_interrupts_itself_fails_alone(tmp_path):
    with Interruptible() as signals:
        outcomes = started(tmp_path, Launcher(raises(KeyboardInterrupt())), signals, [0, 1, 2]).wait(0.0)
    assert [outcomes[n].state for n in range(3)] == [TrialState.FAILED, TrialState.LOST, TrialState.LOST]
    assert "the task raised it, and nobody interrupted the sweep" in str(outcomes[0].error)


def test_an_exception_of_another_kind_does_not_end_the_sweep(tmp_path):
    with Interruptible() as signals:
        outcomes = started(tmp_path, Launcher(raises(Ended("stop"))), signals, [0]).wait(0.0)
    assert "the launcher failed: Ended: stop" in str(outcomes[0].error)


@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGINT), swallowed])
def test_a_signal_ends_the_sweep_and_nothing_is_launched_after_it(tmp_path, end):
    launcher = Launcher(end)
    with Interruptible() as signals, pytest.raises(KeyboardInterrupt):
        started(tmp_path, launcher, signals, [0, 2]).wait(0.0)
    assert launcher.launched == [0]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), RuntimeError("killed")])
def test_the_log_of_the_sweep_is_restored_where_launch_did_not_return(tmp_path, error):
    restored = []
    with Interruptible() as signals:
        started(tmp_path, Launcher(raises(error)), signals, [0], restored).wait(0.0)
    assert restored == [True]
