"""During a fit SIGTERM belongs to whoever set its handler before."""

import signal

import pytest

lightning = pytest.importorskip("lightning", reason="the science extra is not installed")

from hydra_llm.callbacks.own_signals import OwnSignals  # noqa: E402


def test_handlers_that_were_set_before_the_fit_are_back_when_training_starts():
    def mine(number, frame):
        pass

    def lightnings(number, frame):
        pass

    before = signal.signal(signal.SIGTERM, mine)
    try:
        callback = OwnSignals()
        signal.signal(signal.SIGTERM, lightnings)
        callback.on_train_start(None, None)
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
