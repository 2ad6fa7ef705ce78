"""The example of two objectives that Hydra gives for its Optuna sweeper (Binh & Korn), with one line changed."""

import pytest
import yaml

from programs import PYTHON, environment, finish, run

EXAMPLE = """
defaults:
  - override hydra/sweeper: llm_ucb
  - override hydra/sweeper/sampler: nsgaii

hydra:
  sweep: {dir: sweep}
  sweeper:
    sampler:
      seed: 123
    direction: [minimize, minimize]
    study_name: multi-objective
    storage: null
    n_trials: 12
    n_jobs: 1
    params:
      x: range(0, 5, step=0.5)
      y: range(0, 3, step=0.5)

x: 1
y: 1
result: both
"""
PROGRAM = """
import hydra

@hydra.main(version_base=None, config_path=".", config_name="config")
def binh_and_korn(cfg):
    v0 = 4 * cfg.x**2 + 4 * cfg.y**2
    v1 = (cfg.x - 5) ** 2 + (cfg.y - 5) ** 2
    results = {
        "both": (v0, v1),
        "one": v0,
        "broken": (v0, v1 if cfg.x < 3 else float("nan")),
        "mapping": {"loss": v0 + v1, "far": v1, "near": v0},
    }
    return results[cfg.result]

binh_and_korn()
"""


@pytest.fixture
def example(tmp_path):
    """Runs the example in a folder of its own; returns what it printed."""
    (tmp_path / "config.yaml").write_text(EXAMPLE)
    (tmp_path / "example.py").write_text(PROGRAM)
    return lambda *words, **more: run([PYTHON, "example.py", *words], tmp_path, env=environment(), **more)


def solutions(tmp_path):
    return yaml.safe_load((tmp_path / "sweep" / "optimization_results.yaml").read_text())["solutions"]


def test_the_example_runs_to_a_front_and_the_same_command_goes_on(tmp_path, example):
    example()
    said = example("-m")
    assert "hydra.sweeper.sampler=nsgaii is left aside: with several objectives llm_ucb proposes by itself." in said
    assert "minimize value_0, minimize value_1; 12 trials, 1 at a time" in said
    found = solutions(tmp_path)
    assert f"Pareto front: {len(found)} of 12 trials (minimize value_0, minimize value_1)" in said
    for one in found:
        x, y = one["params"]["x"], one["params"]["y"]
        assert one["values"] == [4 * x**2 + 4 * y**2, (x - 5) ** 2 + (y - 5) ** 2]
        assert not any(a["values"][0] < one["values"][0] and a["values"][1] <= one["values"][1] for a in found)
    more = example("-m", "hydra.sweeper.n_trials=14")
    assert "Continuing: 12 trials were finished" in more
    assert "of 14 trials" in more
    listed = run([PYTHON, "-m", "hydra_llm.cli", "best", "sweep"], tmp_path, env=environment())
    for one in solutions(tmp_path):
        line = f"trial {one['number']}: value_0="
        assert line in more
        assert line in listed
    refused = finish([PYTHON, "-m", "hydra_llm.cli", "best", "--command", "sweep"], tmp_path, expect=1)
    assert "no trial is the best; on the Pareto front are" in refused.stderr
    number = solutions(tmp_path)[0]["number"]
    command = run([PYTHON, "-m", "hydra_llm.cli", "show", str(number), "--command", "sweep"], tmp_path)
    assert "example.py" in command


def test_named_metrics_pick_the_objectives_out_of_a_mapping(tmp_path, example):
    said = example("-m", "result=mapping", "hydra.sweeper.metric=[near,far]", "hydra.sweeper.n_trials=5")
    assert "minimize near, minimize far" in said
    found = yaml.safe_load((tmp_path / "sweep" / "optimization_results.yaml").read_text())
    assert (found["metric"], found["direction"]) == (["near", "far"], ["minimize", "minimize"])


def test_a_scalar_where_two_numbers_were_announced_ends_the_sweep_with_a_sentence(example):
    said = example("-m", "result=one", expect=1)
    assert "no trial can have a score. The task must return 2 numbers (minimize value_0, minimize value_1)" in said
    assert "Traceback" not in said


def test_nan_in_one_objective_is_one_trial_without_a_place_and_no_end_of_the_sweep(tmp_path, example):
    said = example("-m", "result=broken")
    assert "INVALID: MetricError: The metric 'value_1' must be a finite number, got nan." in said
    assert all(one["params"]["x"] < 3 for one in solutions(tmp_path))
