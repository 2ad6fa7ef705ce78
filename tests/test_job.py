"""The channel between a job and its sweep: silent outside, sticky inside, files that survive anything."""

import json
import math
import os
import subprocess
import sys
import time

import pytest

from hydra_llm import job
from hydra_llm.atomic_write import write_json
from hydra_llm.job import Report


@pytest.fixture(autouse=True)
def disconnected():
    job.close_job()
    yield
    job.close_job()


def publish(job_folder, rows=(), **more):
    limits = {"rule": "median", "direction": "maximize", "rows": list(rows), **more}
    write_json(job_folder.parent / job.LIMITS_NAME, limits)


def row(step, score):
    return {"step": step, "score": score, "what": f"the median is {score}"}


# ---- outside a sweep ----
def test_outside_a_sweep_nothing_is_written_and_nothing_stops(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job.report(0, 1.0)
    assert not job.should_stop()
    assert not job.is_connected()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("step", "value"), [(-1, 1.0), (0.5, 1.0), (True, 1.0), (0, "high"), (0, None)])
def test_wrong_types_raise_a_sentence_outside_a_sweep_too(step, value):
    with pytest.raises(ValueError, match=r"a step is a whole number|a number was expected"):
        job.report(step, value)


def test_the_module_needs_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import hydra_llm.job\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'hydra_llm'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- reports ----
def test_reports_are_read_back_in_order_with_non_finite_ones_as_nan(job_folder):
    for step, value in ((0, 0.5), (1, float("nan")), (2, 0.75)):
        job.report(step, value)
    first, second, third = job.read_reports(job_folder)
    assert (first, third) == (Report(0, 0.5), Report(2, 0.75))
    assert math.isnan(second.value)
    assert job.read_number(job_folder) == 7


def test_a_torn_last_line_is_left_out(job_folder):
    job.report(0, 0.5)
    with (job_folder / job.REPORTS_NAME).open("a") as file:
        file.write('{"step": 1, "val')
    assert job.read_reports(job_folder) == [Report(0, 0.5)]


def test_a_folder_without_reports_has_none(tmp_path):
    assert job.read_reports(tmp_path / "missing") == []
    assert job.read_number(tmp_path / "missing") is None
    assert job.read_stop(tmp_path / "missing") is None


def test_a_new_attempt_starts_afresh_and_a_requeued_job_goes_on(job_folder, monkeypatch):
    job.report(0, 0.5)
    monkeypatch.setenv(job.REQUEUED_VARIABLE, "1")
    job.open_job(job_folder, 7, job_folder.parent / job.LIMITS_NAME, time.time())
    assert job.read_reports(job_folder) == [Report(0, 0.5)]
    monkeypatch.delenv(job.REQUEUED_VARIABLE)
    (job_folder / job.STOP_NAME).touch()
    job.open_job(job_folder, 7, job_folder.parent / job.LIMITS_NAME, time.time())
    assert job.read_reports(job_folder) == []
    assert not job.should_stop()


def test_a_subprocess_of_the_task_reports_to_the_same_job(job_folder):
    code = "from hydra_llm import job; job.report(3, 0.25)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    assert job.read_reports(job_folder) == [Report(3, 0.25)]


def test_two_jobs_in_one_process_do_not_mix(job_folder):
    job.report(0, 0.5)
    publish(job_folder, [row(0, 0.9)])
    assert job.should_stop()
    other = job_folder.parent / "8"
    other.mkdir()
    job.open_job(other, 8, job_folder.parent / job.LIMITS_NAME, time.time())
    assert not job.should_stop()
    job.report(0, 0.95)
    assert not job.should_stop()
    assert job.read_reports(job_folder) == [Report(0, 0.5)]


# ---- stopping ----
def test_without_limits_a_job_goes_on(job_folder):
    job.report(0, -100.0)
    assert not job.should_stop()


def test_a_job_below_the_limit_stops_and_says_why(job_folder):
    publish(job_folder, [row(0, 0.2), row(5, 0.6)])
    job.report(4, 0.5)
    assert not job.should_stop()
    job.report(5, 0.55)
    assert job.should_stop()
    stop = job.read_stop(job_folder)
    assert stop is not None
    assert (stop["rule"], stop["step"]) == ("median", 5)
    assert stop["reason"] == "its best report until step 5 was 0.55; the median is 0.6"


def test_the_best_report_counts_not_the_last(job_folder):
    publish(job_folder, [row(5, 0.6)])
    job.report(1, 0.7)
    job.report(5, 0.1)
    assert not job.should_stop()


@pytest.mark.parametrize(
    ("goal", "good", "bad"),
    [
        ({"direction": "minimize"}, 0.1, 0.9),
        ({"direction": "maximize"}, 0.9, 0.1),
        ({"direction": "target", "target": 1.0}, 1.1, 1.9),
    ],
)
def test_the_direction_of_the_reports_is_respected(job_folder, goal, good, bad):
    publish(job_folder, [row(0, job.score(0.5, goal))], **goal)
    job.report(0, bad)
    bad_stops = job.should_stop()
    job.open_job(job_folder, 7, job_folder.parent / job.LIMITS_NAME, time.time() + 1e-3)
    job.report(0, good)
    assert (bad_stops, job.should_stop()) == (True, False)


def test_a_job_that_reports_no_finite_number_stops_where_there_is_a_limit(job_folder):
    publish(job_folder, [row(1, -5.0)])
    job.report(0, float("nan"))
    assert not job.should_stop()
    job.report(1, float("inf"))
    assert job.should_stop()
    assert "no finite number" in (job.read_stop(job_folder) or {})["reason"]


def test_once_stopped_a_job_stays_stopped(job_folder):
    publish(job_folder, [row(0, 0.6)])
    job.report(0, 0.5)
    assert job.should_stop()
    publish(job_folder, [])
    job.report(1, 1.0)
    assert job.should_stop()


def test_limits_that_change_while_the_job_runs_are_seen(job_folder):
    job.report(0, 0.5)
    publish(job_folder, [row(0, 0.4)])
    assert not job.should_stop()
    publish(job_folder, [row(0, 0.55)])
    assert job.should_stop()


def test_an_exempt_job_is_not_judged(job_folder):
    publish(job_folder, [row(0, 0.6)], exempt=[7])
    job.report(0, 0.5)
    assert not job.should_stop()


def test_a_job_that_ran_too_long_stops_without_any_report(job_folder):
    publish(job_folder, max_minutes=60.0)
    assert not job.should_stop()
    job.open_job(job_folder, 7, job_folder.parent / job.LIMITS_NAME, time.time() - 61 * 60)
    assert job.should_stop()
    assert "more than 60 minutes" in (job.read_stop(job_folder) or {})["reason"]


def test_a_person_stops_a_job_with_an_empty_file(job_folder):
    assert not job.should_stop()
    (job_folder / job.STOP_NAME).touch()
    assert job.read_stop(job_folder) is None  # not obeyed yet
    assert job.should_stop()
    assert (job.read_stop(job_folder) or {})["reason"] == job.BY_HAND


def test_damaged_limits_leave_the_job_running(job_folder):
    (job_folder.parent / job.LIMITS_NAME).write_text('{"rows": [')
    job.report(0, 0.5)
    assert not job.should_stop()


def test_the_files_are_lines_and_objects_of_json(job_folder):
    job.report(0, 0.5)
    header, line = map(json.loads, (job_folder / job.REPORTS_NAME).read_text().splitlines())
    assert (header["number"], line["step"], line["value"]) == (7, 0, 0.5)


def test_a_job_learns_which_trial_it_is(tmp_path, monkeypatch):
    assert job.trial() is None
    job_folder = tmp_path / "3"
    job_folder.mkdir()
    job.open_job(job_folder, 3, tmp_path / job.LIMITS_NAME, 0.0)
    try:
        assert job.trial() is None  # another sweeper
        (tmp_path / job.TRIALS_NAME).mkdir()
        (tmp_path / job.TRIALS_NAME / "3.json").write_text('{"trial": 3, "parent": 1}')
        assert job.trial() == {"trial": 3, "parent": 1}
    finally:
        job.close_job()


@pytest.mark.parametrize(
    ("goal", "best", "better", "worse"),
    [
        ({"metric": "R2", "direction": "maximize", "target": None}, 0.5, 0.5, 0.4),
        ({"metric": "R2", "direction": "minimize", "target": None}, 0.5, 0.4, 0.6),
        ({"metric": "R2", "direction": "target", "target": 1.0}, 0.5, 1.2, 0.3),
    ],
)
def test_a_trial_leads_where_no_earlier_one_is_better(tmp_path, goal, best, better, worse):
    def write(**known):
        (tmp_path / job.TRIALS_NAME / "3.json").write_text(json.dumps({"goal": goal, **known}))

    assert job.leads({})  # outside a sweep
    (tmp_path / "3").mkdir()
    (tmp_path / job.TRIALS_NAME).mkdir()
    job.open_job(tmp_path / "3", 3, tmp_path / job.LIMITS_NAME, 0.0)
    try:
        write(purpose="search", best=best)
        assert job.leads({"R2": better})
        assert not job.leads({"R2": worse})
        assert not job.leads({"R2": float("nan")})
        assert not job.leads({})
        write(purpose="search", best=None)  # the first one
        assert job.leads({"R2": worse})
        write(purpose="confirm", best=best)
        assert job.leads({"R2": worse})
    finally:
        job.close_job()
