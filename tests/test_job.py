"""The channel between a job and its sweep: silent outside, sticky inside, files that survive anything."""

import json
import math
import os
import subprocess
import sys
import time

import pytest

from hydra_llm import channel
from hydra_llm.channel import Report


@pytest.fixture(autouse=True)
def disconnected():
    channel.close_job()
    yield
    channel.close_job()


@pytest.fixture
def job(tmp_path):
    """The folder of a connected job; limits stand one level above."""
    folder = tmp_path / "7"
    folder.mkdir()
    channel.open_job(folder, 7, tmp_path / channel.LIMITS_NAME, time.time())
    return folder


def publish(job, rows=(), **more):
    limits = {"rule": "median", "direction": "maximize", "rows": list(rows), **more}
    channel.write_aside(job.parent / channel.LIMITS_NAME, limits)


def row(step, score):
    return {"step": step, "score": score, "what": f"the median is {score}"}


# ---- outside a sweep ----
def test_outside_a_sweep_nothing_is_written_and_nothing_stops(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    channel.report(0, 1.0)
    assert not channel.should_stop()
    assert not channel.is_connected()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("step", "value"), [(-1, 1.0), (0.5, 1.0), (True, 1.0), (0, "high"), (0, None)])
def test_wrong_types_raise_a_sentence_outside_a_sweep_too(step, value):
    with pytest.raises(ValueError, match=r"a step is a whole number|a number was expected"):
        channel.report(step, value)


def test_the_module_needs_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import hydra_llm.channel\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'hydra_llm'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- reports ----
def test_reports_are_read_back_in_order_with_non_finite_ones_as_nan(job):
    for step, value in ((0, 0.5), (1, float("nan")), (2, 0.75)):
        channel.report(step, value)
    first, second, third = channel.read_reports(job)
    assert (first, third) == (Report(0, 0.5), Report(2, 0.75))
    assert math.isnan(second.value)
    assert channel.read_number(job) == 7


def test_a_torn_last_line_is_left_out(job):
    channel.report(0, 0.5)
    with (job / channel.REPORTS_NAME).open("a") as file:
        file.write('{"step": 1, "val')
    assert channel.read_reports(job) == [Report(0, 0.5)]


def test_a_folder_without_reports_has_none(tmp_path):
    assert channel.read_reports(tmp_path / "missing") == []
    assert channel.read_number(tmp_path / "missing") is None
    assert channel.read_stop(tmp_path / "missing") is None


def test_a_new_attempt_starts_afresh_and_a_requeued_job_goes_on(job, monkeypatch):
    channel.report(0, 0.5)
    monkeypatch.setenv(channel.REQUEUED_VARIABLE, "1")
    channel.open_job(job, 7, job.parent / channel.LIMITS_NAME, time.time())
    assert channel.read_reports(job) == [Report(0, 0.5)]
    monkeypatch.delenv(channel.REQUEUED_VARIABLE)
    (job / channel.STOP_NAME).touch()
    channel.open_job(job, 7, job.parent / channel.LIMITS_NAME, time.time())
    assert channel.read_reports(job) == []
    assert not channel.should_stop()


def test_a_subprocess_of_the_task_reports_to_the_same_job(job):
    code = "from hydra_llm import channel; channel.report(3, 0.25)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    assert channel.read_reports(job) == [Report(3, 0.25)]


def test_two_jobs_in_one_process_do_not_mix(job):
    channel.report(0, 0.5)
    publish(job, [row(0, 0.9)])
    assert channel.should_stop()
    other = job.parent / "8"
    other.mkdir()
    channel.open_job(other, 8, job.parent / channel.LIMITS_NAME, time.time())
    assert not channel.should_stop()
    channel.report(0, 0.95)
    assert not channel.should_stop()
    assert channel.read_reports(job) == [Report(0, 0.5)]


# ---- stopping ----
def test_without_limits_a_job_goes_on(job):
    channel.report(0, -100.0)
    assert not channel.should_stop()


def test_a_job_below_the_limit_stops_and_says_why(job):
    publish(job, [row(0, 0.2), row(5, 0.6)])
    channel.report(4, 0.5)
    assert not channel.should_stop()
    channel.report(5, 0.55)
    assert channel.should_stop()
    stop = channel.read_stop(job)
    assert stop is not None
    assert (stop["rule"], stop["step"]) == ("median", 5)
    assert stop["reason"] == "its best report until step 5 was 0.55; the median is 0.6"


def test_the_best_report_counts_not_the_last(job):
    publish(job, [row(5, 0.6)])
    channel.report(1, 0.7)
    channel.report(5, 0.1)
    assert not channel.should_stop()


@pytest.mark.parametrize(
    ("goal", "good", "bad"),
    [
        ({"direction": "minimize"}, 0.1, 0.9),
        ({"direction": "maximize"}, 0.9, 0.1),
        ({"direction": "target", "target": 1.0}, 1.1, 1.9),
    ],
)
def test_the_direction_of_the_reports_is_respected(job, goal, good, bad):
    publish(job, [row(0, channel.score(0.5, goal))], **goal)
    channel.report(0, bad)
    bad_stops = channel.should_stop()
    channel.open_job(job, 7, job.parent / channel.LIMITS_NAME, time.time() + 1e-3)
    channel.report(0, good)
    assert (bad_stops, channel.should_stop()) == (True, False)


def test_a_job_that_reports_no_finite_number_stops_where_there_is_a_limit(job):
    publish(job, [row(1, -5.0)])
    channel.report(0, float("nan"))
    assert not channel.should_stop()
    channel.report(1, float("inf"))
    assert channel.should_stop()
    assert "no finite number" in (channel.read_stop(job) or {})["reason"]


def test_once_stopped_a_job_stays_stopped(job):
    publish(job, [row(0, 0.6)])
    channel.report(0, 0.5)
    assert channel.should_stop()
    publish(job, [])
    channel.report(1, 1.0)
    assert channel.should_stop()


def test_limits_that_change_while_the_job_runs_are_seen(job):
    channel.report(0, 0.5)
    publish(job, [row(0, 0.4)])
    assert not channel.should_stop()
    publish(job, [row(0, 0.55)])
    assert channel.should_stop()


def test_an_exempt_job_is_not_judged(job):
    publish(job, [row(0, 0.6)], exempt=[7])
    channel.report(0, 0.5)
    assert not channel.should_stop()


def test_a_job_that_ran_too_long_stops_without_any_report(job):
    publish(job, max_minutes=60.0)
    assert not channel.should_stop()
    channel.open_job(job, 7, job.parent / channel.LIMITS_NAME, time.time() - 61 * 60)
    assert channel.should_stop()
    assert "more than 60 minutes" in (channel.read_stop(job) or {})["reason"]


def test_a_person_stops_a_job_with_an_empty_file(job):
    assert not channel.should_stop()
    (job / channel.STOP_NAME).touch()
    assert channel.read_stop(job) is None  # not obeyed yet
    assert channel.should_stop()
    assert (channel.read_stop(job) or {})["reason"] == channel.BY_HAND


def test_damaged_limits_leave_the_job_running(job):
    (job.parent / channel.LIMITS_NAME).write_text('{"rows": [')
    channel.report(0, 0.5)
    assert not channel.should_stop()


def test_the_files_are_lines_and_objects_of_json(job):
    channel.report(0, 0.5)
    header, line = map(json.loads, (job / channel.REPORTS_NAME).read_text().splitlines())
    assert (header["number"], line["step"], line["value"]) == (7, 0, 0.5)


def test_a_job_learns_which_trial_it_is(tmp_path, monkeypatch):
    assert channel.trial() is None
    job = tmp_path / "3"
    job.mkdir()
    channel.open_job(job, 3, tmp_path / channel.LIMITS_NAME, 0.0)
    try:
        assert channel.trial() is None  # another sweeper
        (tmp_path / channel.TRIALS_NAME).mkdir()
        (tmp_path / channel.TRIALS_NAME / "3.json").write_text('{"trial": 3, "parent": 1}')
        assert channel.trial() == {"trial": 3, "parent": 1}
    finally:
        channel.close_job()
