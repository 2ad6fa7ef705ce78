"""Forked processes and how they end."""

import os
import signal
import time

import pytest

from hydra_llm.sweeper.dispatch.process import fork, reap


@pytest.mark.parametrize(
    ("child", "code"),
    [
        (lambda: None, 0),
        (lambda: os._exit(3), 3),
        (lambda: 1 / 0, 1),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL),
    ],
)
def test_the_end_of_a_process_is_its_exit_code_or_its_signal(child, code):
    assert reap(fork(child), 10.0) == code


def test_a_process_that_goes_on_has_no_exit_code_and_one_that_was_reaped_is_refused():
    pid = fork(lambda: time.sleep(60))
    assert reap(pid, 0.05) is None
    os.kill(pid, signal.SIGKILL)
    assert reap(pid, 10.0) == -signal.SIGKILL
    with pytest.raises(ChildProcessError):
        reap(pid, 1.0)
