"""What escapes from a launch of a whole batch: the task's own end is a failed trial, a signal ends the sweep."""

import json
import os
import signal
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.batch import BatchDispatch
from hydra_llm.sweeper.dispatch.blame import PutBack
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.signals import Interruptible


class Launcher:
    """It ends by `end`; `begun` are the jobs whose folders it leaves, with what stands in their started.json."""

    def __init__(self, end, folder=None, begun=()):
        self.end = end
        self.folder = folder
        self.begun = dict(begun)
        self.launched = []

    def launch(self, job_overrides, initial_job_idx):
        self.launched.append(initial_job_idx)
        for number, record in self.begun.items():
            (self.folder / str(number)).mkdir(exist_ok=True)
            (self.folder / str(number) / "started.json").write_text(json.dumps(record))
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


def ends(folder, launcher):
    with Interruptible() as signals:
        return started(folder, launcher, signals, [0, 1, 2]).wait(0.0)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_a_task_that_ends_its_launch_fails_alone_and_its_siblings_are_put_back(tmp_path, error):
    begun = {0: {}, 1: {"ended_by": type(error).__name__}, 2: {}}
    outcomes = ends(tmp_path, Launcher(raises(error), tmp_path, begun))
    assert outcomes[1].state is TrialState.FAILED
    assert type(error).__name__ in str(outcomes[1].error)
    why = "trial 1 of the same batch ended their launch"
    assert (outcomes[0], outcomes[2]) == (PutBack(why), PutBack(why))


def test_the_only_job_that_began_and_left_nothing_ended_the_launch(tmp_path):
    outcomes = ends(tmp_path, Launcher(raises(RuntimeError("a worker was terminated")), tmp_path, {1: {}}))
    assert outcomes[1].state is TrialState.LOST
    assert "a worker was terminated" in str(outcomes[1].error)
    assert isinstance(outcomes[0], PutBack)
    assert isinstance(outcomes[2], PutBack)


@pytest.mark.parametrize("begun", [{0: {}, 2: {}}, {}])
@pytest.mark.parametrize("error", [RuntimeError("a worker was terminated"), SystemExit(3), KeyboardInterrupt()])
def test_where_several_jobs_may_have_ended_the_launch_none_is_charged_and_each_is_to_run_alone(tmp_path, begun, error):
    outcomes = ends(tmp_path, Launcher(raises(error), tmp_path, begun))
    assert all(isinstance(end, PutBack) and end.alone for end in outcomes.values())


def test_a_job_that_wrote_its_result_is_never_charged(tmp_path):
    (tmp_path / "0").mkdir()

    def end():
        (tmp_path / "0" / "result.json").write_text(json.dumps({"number": 0, "result": 0.5}))
        raise SystemExit(1)

    outcomes = ends(tmp_path, Launcher(end, tmp_path, {1: {"ended_by": "SystemExit"}, 2: {}}))
    assert [outcomes[0].value, outcomes[1].state] == [0.5, TrialState.FAILED]


def test_results_belong_to_the_number_that_they_ran_under_whatever_their_order(tmp_path):
    def returned(number, value):
        cfg = OmegaConf.create({"hydra": {"job": {"num": number}, "runtime": {"output_dir": str(tmp_path)}}})
        return JobReturn(hydra_cfg=cfg, status=JobStatus.COMPLETED, _return_value={"m": value})

    launch = lambda *_, **__: [returned(2, 0.2), returned(0, 0.0)]  # noqa: E731  # and one is missing
    outcomes = ends(tmp_path, SimpleNamespace(launch=launch))
    assert [outcomes[0].value, outcomes[1].state, outcomes[2].value] == [0.0, TrialState.LOST, 0.2]


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
