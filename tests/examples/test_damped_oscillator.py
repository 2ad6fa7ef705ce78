"""The example application, swept as its README says."""

import re

import pytest
import yaml
from foreign_apps import EXAMPLES, asked, copy_of, overrides, run

from hydra_llm import job
from programs import events

SHORT = ("hydra.sweeper.n_trials=14", "hydra.sweeper.confirm={n_seeds: 0}")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The example after one sweep, and what the sweep printed."""
    folder = copy_of("damped_oscillator", tmp_path_factory.mktemp("example") / "damped_oscillator")
    return folder, run(folder, "fit.py", "-m", *SHORT)


def test_a_single_run_reports_nothing(tmp_path):
    folder = copy_of("damped_oscillator", tmp_path / "app")
    run(folder, "fit.py", "n_epochs=2", "hydra.run.dir=run")
    assert not (folder / "run" / job.REPORTS_NAME).exists()


def test_the_search_improves_on_the_configuration_as_it_stands(swept):
    results = yaml.safe_load((swept[0] / "sweep" / "optimization_results.yaml").read_text())
    assert results["best"]["selected_value"] < 0.5 * results["baseline"]["selected_value"]


def test_every_job_reported_each_epoch_that_it_ran(swept):
    sweep = swept[0] / "sweep"
    ended = events(sweep, "told")
    assert ended
    for told in ended:
        reports = job.read_reports(sweep / str(told["number"]))
        assert [report.step for report in reports] == list(range(1, int(told["metrics"]["n_epochs"]) + 1))


def test_bad_fits_are_stopped_with_a_reason_and_keep_their_last_report(swept):
    folder, text = swept
    pruned = [event for event in events(folder / "sweep", "told") if event["state"] == "PRUNED"]
    assert pruned
    for event in pruned:
        last = job.read_reports(folder / "sweep" / str(event["number"]))[-1]
        assert 10 <= last.step < 30  # after the warm-up of the example, before the end
        assert event["value"] == last.value
        assert "the median of" in event["error"]["message"]
        assert event["error"]["message"] in text
        assert event["error"]["message"] in (folder / "sweep" / "analysis.md").read_text()


def test_the_same_sweep_stops_the_same_jobs(swept, tmp_path):
    folder = copy_of("damped_oscillator", tmp_path / "app")
    run(folder, "fit.py", "-m", *SHORT)
    first, second = (
        [(e["number"], e["state"], e["value"]) for e in events(f / "sweep", "told")] for f in (swept[0], folder)
    )
    assert first == second


def test_momentum_is_passed_to_jobs_with_the_optimiser_that_has_it_and_to_no_other(swept):
    sweep = swept[0] / "sweep"
    trials = asked(sweep)
    kinds = {values["optimizer"] for values in trials.values()}
    assert kinds == {"descent", "heavy_ball"}
    for number, values in trials.items():
        given = any(text.startswith("optimizer.momentum=") for text in overrides(sweep, number))
        assert given == ("optimizer.momentum" in values) == (values["optimizer"] == "heavy_ball")


def test_a_conditional_parameter_is_there_with_its_option_and_only_then(swept):
    trials = asked(swept[0] / "sweep").values()
    assert {values["optimizer"] for values in trials} >= {"heavy_ball", "descent"}
    assert all(("optimizer.momentum" in values) == (values["optimizer"] == "heavy_ball") for values in trials)


def test_no_job_breaks_the_constraint(swept):
    trials = asked(swept[0] / "sweep")
    assert trials
    for values in trials.values():
        assert values["optimizer.learning_rate"] / (1 - values.get("optimizer.momentum", 0.0)) <= 0.5


def test_the_same_command_says_that_the_sweep_is_finished(swept):
    assert "This sweep is finished" in run(swept[0], "fit.py", "-m", *SHORT)


def test_the_readme_names_files_and_keys_that_exist():
    text = (EXAMPLES / "damped_oscillator" / "README.md").read_text()
    assert len(text.splitlines()) <= 45  # one screen
    config = (EXAMPLES / "damped_oscillator" / "conf" / "config.yaml").read_text()
    for line in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE):
        assert line.split(",")[0] in config
