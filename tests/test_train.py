"""The entry point of a run."""

import os

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm import train


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_leave_their_cores_to_others_unless_the_user_says_so(monkeypatch, given, expected):
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")  # restored at the end, whatever was there
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    seen = []
    monkeypatch.setattr(train, "main", lambda: seen.append(os.environ["OMP_WAIT_POLICY"]))
    train.command()
    assert seen == [expected]
