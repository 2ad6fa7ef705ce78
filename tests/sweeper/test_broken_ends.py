"""Exceptions and results that cannot be shown, encoded or written: each is a trial, and the sweep goes on."""

import pytest
from dispatch_sweeps import run_app
from toy_app.broken import ENDS
from toy_sweeps import events

SETTINGS = (f"hydra.sweeper.n_trials={len(ENDS)}", "hydra.sweeper.fail_fast=0", "hydra.sweeper.max_failure_rate=1")
EXPECTED = {
    "none": ("COMPLETED", None),
    "bytes": ("FAILED", "there is no file caf\\udce9.npy"),
    "silent": ("FAILED", "(its text cannot be shown: ValueError)"),
    "escape": ("FAILED", "red"),
    "huge": ("INVALID", "The metric 'value' must be a finite number, got inf."),
    "recursive": ("INVALID", "The task must return a number, got dict {'self': {...}}."),
    "interrupt": ("FAILED", "the task raised it, and nobody interrupted the sweep"),
}


@pytest.fixture(scope="module", params=["fork", "batch"])
def printed(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("broken")
    return folder, run_app("broken.py", folder, *SETTINGS, f"hydra.sweeper.dispatch={request.param}")


def test_every_end_is_a_trial_with_its_sentence(printed):
    folder, text = printed
    told = {event["number"]: event for event in events(folder, "told")}
    found = {end: (told[n]["state"], (told[n]["error"] or {}).get("message")) for n, end in enumerate(ENDS)}
    assert found == EXPECTED
    assert "\x1b" not in text


def test_all_tables_and_the_report_are_written(printed):
    folder, text = printed
    assert "could not be written" not in text
    assert "caf\\udce9.npy" in (folder / "sweep" / "memory.md").read_text()
    assert {"optimization_results.yaml", "analysis.md", "report.html"} <= {p.name for p in (folder / "sweep").iterdir()}


def test_the_sweep_is_taken_up_again(printed):
    folder, _ = printed
    assert "all 8 trials are used" in run_app("broken.py", folder, *SETTINGS, "hydra.sweeper.n_trials=8")
