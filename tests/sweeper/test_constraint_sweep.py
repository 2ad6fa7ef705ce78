"""`constraint` and `when`: read with a sentence for each mistake, kept by whole sweeps."""

import sys
from pathlib import Path

import pytest
import yaml
from reporting_sweeps import APP, sweep, values

from hydra_llm.dotted import DottedPathError
from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.search.space.space import Categorical, Float
from hydra_llm.sweeper.conditions import activating, settle_conditions
from hydra_llm.sweeper.constraint import load_constraint
from hydra_llm.sweeper.errors import SweepError

BOTH = ("hydra.sweeper.params={x: 'interval(0,1)', y: 'interval(0,1)'}", "n_steps=1")
CONFIGURED = {"x": 0.5, "y": 0.0, "n_steps": 20}


def overrides(folder: Path, number: int) -> list[str]:
    return yaml.safe_load((folder / str(number) / ".hydra" / "overrides.yaml").read_text())


# ---- constraints ----
@pytest.fixture
def beside_the_script(monkeypatch):
    """Modules beside the application's script can be imported, as when it runs."""
    monkeypatch.syspath_prepend(str(APP.parent))
    yield
    sys.modules.pop("rules", None)


@pytest.mark.usefixtures("beside_the_script")
def test_a_constraint_answers_with_its_sentence_and_sees_fixed_parameters():
    violation = load_constraint("rules.small_sum", {"y": 0.4})
    assert violation({"x": 0.6}) is None
    assert violation({"x": 0.7}) == "x + y is 1.10, at most 1 is allowed."
    assert load_constraint("rules.never", {})({}) == "The constraint rules.never does not allow this configuration."


@pytest.mark.usefixtures("beside_the_script")
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("small_sum", "constraint must be a dotted path (package.module.name), got 'small_sum'"),
        ("rules.missing", "constraint=rules.missing cannot be imported"),
        ("nowhere.function", "constraint=nowhere.function cannot be imported"),
        ("rules.__doc__", "constraint must be a function, got rules.__doc__, which is a str"),
        ("rules.broken", "constraint=rules.broken raised KeyError: 'z'"),
        ("rules.vague", "constraint=rules.vague must return True or a sentence, got None"),
    ],
)
def test_a_constraint_that_does_not_work_is_a_sentence(path, sentence):
    with pytest.raises((SweepError, ConstraintError, DottedPathError)) as caught:
        load_constraint(path, {})({"x": 0.5})
    assert sentence in str(caught.value)


def test_a_start_that_breaks_the_constraint_ends_with_a_sentence_and_no_launch(tmp_path):
    text = sweep(tmp_path / "s", *BOTH, "hydra.sweeper.constraint=rules.never", expect=1)
    assert "The application's own configuration breaks constraint=rules.never" in text
    assert "Traceback" not in text
    assert not (tmp_path / "s" / "0").exists()


def test_a_constraint_that_raises_later_ends_the_sweep_with_its_own_sentence(tmp_path):
    text = sweep(tmp_path / "s", *BOTH, "hydra.sweeper.constraint=rules.broken_later", expect=1)
    assert "constraint=rules.broken_later raised KeyError: 'z' for {'x': " in text
    assert "It must return True, or a sentence that says what is wrong. Mend it, and run again." in text
    assert "another proposer" not in text
    assert "Traceback" not in text


def test_no_job_breaks_the_constraint_and_another_one_is_another_sweep(tmp_path):
    more = ("hydra.sweeper.n_trials=8", "hydra.sweeper.proposer=random")
    sweep(tmp_path / "s", *BOTH, *more, "hydra.sweeper.constraint=rules.small_sum")
    found = values(tmp_path / "s")
    assert len(found) == 8
    assert max(v["x"] + v["y"] for v in found.values()) <= 1.0
    assert "constraint: rules.small_sum -> None" in sweep(tmp_path / "s", *BOTH, *more, expect=1)


# ---- conditions ----
def y(**when):
    return Float(name="y", low=0, high=1, when={key: tuple(options) for key, options in when.items()})


X = Categorical(name="x", choices=(0.2, 0.5, 0.8))


def settled(*dimensions):
    return settle_conditions({d.name: d for d in dimensions}, CONFIGURED.__getitem__)


def test_a_parameter_comes_after_those_that_its_condition_names():
    assert list(settled(y(x=[0.8]), X)) == ["x", "y"]


@pytest.mark.parametrize(("option", "names"), [(20, ["x", "y"]), ("20", ["x", "y"]), (10, ["x"])])
def test_a_condition_on_a_fixed_parameter_decides_once_for_all(option, names):
    found = settled(X, y(n_steps=[option]))
    assert list(found) == names
    assert all(not dimension.when for dimension in found.values())


def test_what_depends_on_a_parameter_that_never_applies_is_dropped_with_it():
    z = Float(name="z", low=0, high=1, when={"y": (0.5,)})
    assert list(settled(X, y(n_steps=[10]), z)) == ["x"]


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({"z": [1]}, "params.y.when names z, which is neither swept nor in the configuration"),
        ({"y": [1]}, "The conditions of y depend on each other"),
    ],
)
def test_a_condition_that_can_not_be_met_is_a_sentence(when, sentence):
    with pytest.raises(SweepError) as caught:
        settled(X, y(**when))
    assert sentence in str(caught.value)


def test_a_chain_of_conditions_is_activated_as_a_whole():
    z = Float(name="z", low=0, high=1, when={"y": (0.5,)})
    dimensions = {"x": X, "y": y(x=[0.8, 0.2]), "z": z}
    assert activating(z, dimensions, CONFIGURED.__getitem__) == {"x": 0.8, "y": 0.5}
    assert activating(X, dimensions, CONFIGURED.__getitem__) == {}


def test_a_parameter_is_passed_to_a_job_only_while_its_condition_holds(tmp_path):
    """Random draws: a configuration that differs in an inactive parameter alone is no new one."""
    spec = "hydra.sweeper.params={y: {low: 0, high: 1, when: {x: 0.8}}, x: 'choice(0.2, 0.5, 0.8)'}"
    sweep(tmp_path / "s", spec, "hydra.sweeper.n_trials=8", "n_steps=1", "hydra.sweeper.proposer=random")
    found = values(tmp_path / "s")
    inactive = [v["x"] for v in found.values() if v["x"] != 0.8]
    assert inactive
    assert len(inactive) == len(set(inactive))
    for number, v in found.items():
        active = v["x"] == 0.8
        assert ("y" in v) == active
        assert any(text.startswith("y=") for text in overrides(tmp_path / "s", number)) == active
