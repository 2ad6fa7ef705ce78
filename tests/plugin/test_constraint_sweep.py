"""`constraint` and `when`, as typed at a command line."""

import pytest
import yaml
from reporting_sweeps import events, sweep, values

from hydra_llm import channel

BOTH = ("hydra.sweeper.params={x: 'interval(0,1)', y: 'interval(0,1)'}", "n_steps=1")
SHORT = "hydra.sweeper.n_trials=12"


def overrides(folder, number):
    return yaml.safe_load((folder / str(number) / ".hydra" / "overrides.yaml").read_text())


@pytest.mark.parametrize("proposer", ["rules", "random"])
def test_no_job_of_a_sweep_breaks_the_constraint(tmp_path, proposer):
    sweep(
        tmp_path / "s", *BOTH, SHORT, "hydra.sweeper.constraint=rules.small_sum", f"hydra.sweeper.proposer={proposer}"
    )
    found = values(tmp_path / "s")
    assert len(found) == 12
    assert max(v["x"] + v["y"] for v in found.values()) <= 1.0


def test_a_parameter_that_the_command_line_fixes_reaches_the_constraint(tmp_path):
    sweep(tmp_path / "s", *BOTH, SHORT, "hydra.sweeper.constraint=rules.small_sum", "y=0.4")
    found = values(tmp_path / "s")
    assert all(set(v) == {"x"} and v["x"] <= 0.6 for v in found.values())


def test_another_constraint_is_another_sweep(tmp_path):
    sweep(tmp_path / "s", *BOTH, "hydra.sweeper.n_trials=2", "hydra.sweeper.constraint=rules.small_sum")
    text = sweep(tmp_path / "s", *BOTH, "hydra.sweeper.n_trials=3", expect=1)
    assert "constraint: rules.small_sum -> None" in text


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        ("small_sum", "constraint='small_sum' is no dotted path"),
        ("rules.missing", "constraint=rules.missing does not import"),
        ("nowhere.function", "constraint=nowhere.function does not import"),
        ("rules.__doc__", "constraint=rules.__doc__ is str, not a function"),
        ("rules.never", "The configuration as it stands breaks constraint=rules.never"),
        ("rules.broken", "constraint=rules.broken raised KeyError: 'z'"),
        ("rules.vague", "constraint=rules.vague returned None; it must return True or a sentence"),
    ],
)
def test_a_constraint_that_does_not_work_ends_with_a_sentence(tmp_path, constraint, sentence):
    text = sweep(tmp_path / "s", *BOTH, f"hydra.sweeper.constraint={constraint}", expect=1)
    assert sentence in text
    assert "Traceback" not in text
    assert not (tmp_path / "s" / "0").exists()


# ---- conditions ----
def conditional(condition):
    spec = "{type: float, low: 0, high: 1, when: " + condition + "}"
    return "hydra.sweeper.params={y: " + spec + ", x: 'choice(0.2, 0.5, 0.8)'}"


def test_a_parameter_is_passed_to_a_job_only_while_its_condition_holds(tmp_path):
    """It is declared before the parameter that it depends on, which is no hindrance."""
    sweep(tmp_path / "s", conditional("{x: [0.8, 0.2]}"), SHORT, "n_steps=1")
    found = values(tmp_path / "s")
    assert {v["x"] for v in found.values()} == {0.2, 0.5, 0.8}
    for number, v in found.items():
        active = v["x"] != 0.5
        assert ("y" in v) == active
        assert any(text.startswith("y=") for text in overrides(tmp_path / "s", number)) == active


@pytest.mark.parametrize(("fixed", "searched"), [("0.8", True), ("0.5", False)])
def test_a_condition_on_a_fixed_parameter_decides_once_for_all(tmp_path, fixed, searched):
    spec = conditional("{x: 0.8}").replace("x: 'choice(0.2, 0.5, 0.8)'", "n_steps: 'choice(1, 2, 3)'")
    sweep(tmp_path / "s", spec, "hydra.sweeper.n_trials=4", f"x={fixed}")
    assert {frozenset(v) for v in values(tmp_path / "s").values()} == {
        frozenset({"n_steps", "y"} if searched else {"n_steps"})
    }


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("{z: 1}", "params.y.when names z, which is neither swept nor in the configuration"),
        ("{y: 1}", "The conditions of y depend on each other"),
    ],
)
def test_a_condition_that_can_not_be_read_ends_with_a_sentence(tmp_path, condition, sentence):
    text = sweep(tmp_path / "s", conditional(condition), expect=1)
    assert sentence in text
    assert "Traceback" not in text


def test_equal_configurations_are_one_whatever_an_inactive_parameter_says(tmp_path):
    sweep(tmp_path / "s", conditional("{x: [0.8]}"), SHORT, "n_steps=1", "hydra.sweeper.proposer=random")
    inactive = [v for v in values(tmp_path / "s").values() if v["x"] != 0.8]
    assert sorted(v["x"] for v in inactive) == [0.2, 0.5]  # each once, whatever y would have been


def test_jobs_of_a_conditional_sweep_report_as_any_other(tmp_path):
    sweep(tmp_path / "s", conditional("{x: [0.8]}"), "hydra.sweeper.n_trials=2")
    assert len(channel.read_reports(tmp_path / "s" / "1")) == 20
    assert {event["state"] for event in events(tmp_path / "s", "told")} == {"COMPLETED"}
