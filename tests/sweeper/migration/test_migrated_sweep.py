"""The example that Hydra's documentation gives for its Optuna sweeper, with one line changed."""

from programs import PYTHON, environment, run

EXAMPLE = """
defaults:
  - _self_
  - override hydra/sweeper: llm_ucb
  - override hydra/sweeper/sampler: tpe

hydra:
  sweep: {dir: sweep}
  sweeper:
    sampler:
      seed: 123
    direction: minimize
    study_name: sphere
    storage: null
    n_trials: 8
    n_jobs: 1
    max_failure_rate: 0.0
    params:
      x: range(-5.5, 5.5, step=0.5)
      y: choice(-5 ,0 ,5)

x: 1
y: 1
z: 1
"""
PROGRAM = """
import hydra

@hydra.main(version_base=None, config_path=".", config_name="config")
def sphere(cfg):
    return cfg.x**2 + cfg.y**2

sphere()
"""


def test_the_example_of_optuna_runs_and_says_what_became_of_its_keys(tmp_path):
    (tmp_path / "config.yaml").write_text(EXAMPLE)
    (tmp_path / "example.py").write_text(PROGRAM)
    run([PYTHON, "example.py"], tmp_path, env=environment())
    said = run([PYTHON, "example.py", "-m"], tmp_path, env=environment())
    assert "hydra.sweeper.sampler=tpe is read as hydra.sweeper.proposer=tpe." in said
    assert "hydra.sweeper.study_name has no meaning here" in said
    assert "minimize value; 8 trials, 1 at a time" in said
    assert said.count(" by tpe") >= 6
