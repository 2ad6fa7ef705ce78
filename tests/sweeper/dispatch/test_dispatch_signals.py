"""The first signal ends what can be continued; it never cuts off what is being written down."""

import contextlib
import os
import signal

import pytest

from hydra_llm.sweeper.dispatch.signals import Interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_keyboard_interrupt_and_handlers_are_given_back(number):
    before = signal.getsignal(number)
    with Interruptible() as signals:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert signals.received == number
    assert signal.getsignal(number) is before


def test_a_signal_waits_until_what_is_held_has_ended():
    done = []

    def record():
        with signals.held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("recorded")

    with Interruptible() as signals:
        with pytest.raises(KeyboardInterrupt):
            record()
        assert done == ["recorded"]


def test_an_interrupt_that_was_raised_is_not_raised_again_by_what_is_held_later():
    with Interruptible() as signals:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with signals.held():
            pass


def test_a_signal_that_a_task_has_swallowed_is_raised_again():
    with Interruptible() as signals:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signals.check()
