"""The public example configurations of other sweepers of Hydra, each run after the lines changed that docs/migration.md
names. Budgets are small; all else is theirs.
"""

from typing import Any

import pytest

from hydra_llm.keys.sweeper import SWEEPER
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.migration.nevergrad import from_nevergrad
from hydra_llm.sweeper.migration.translation import Translation
from programs import PYTHON, environment, run

NEVERGRAD = """
defaults:
  - override hydra/sweeper: llm_ucb
hydra:
  sweep: {dir: sweep}
  sweeper:
    optim:
      optimizer: OnePlusOne
      budget: 6
      num_workers: 10
    params:
      db: choice(mnist, cifar)
      lr: {init: 0.02, step: 2.0, log: true}
      dropout: interval(0, 1)
      batch_size: int(interval(4, 16))
db: cifar
lr: 0.01
dropout: 0.6
batch_size: 8
error: false
"""
NEVERGRAD_1_0 = """
defaults:
  - override hydra/sweeper: llm_ucb
hydra:
  sweep: {dir: sweep}
  sweeper:
    optim: {optimizer: OnePlusOne, budget: 6, num_workers: 2, noisy: false, maximize: true, seed: null}
    parametrization:
      db: [mnist, cifar]
      lr: {init: 0.02, step: 2.0, log: true}
      dropout: {lower: 0.0, upper: 1.0}
      batch_size: {lower: 4, upper: 16, integer: true}
db: cifar
lr: 0.01
batch_size: 8
dropout: 0.6
"""
NEVERGRAD_TASK = "cfg.dropout + abs(cfg.lr - 0.12) + 0.1 * abs(cfg.batch_size - 4)"
AX = """
defaults:
  - override hydra/sweeper: llm_ucb
hydra:
  sweep: {dir: sweep}
  sweeper:
    ax_config:
      max_trials: 6
      experiment: {minimize: true}
      early_stop: {max_epochs_without_improvement: 10}
      is_noisy: false
      params:
        banana.x: {type: range, bounds: [-5, 5]}
        banana.y: {type: range, bounds: [-5, 10.1]}
banana:
  x: ???
  y: ???
"""
AX_TASK = "100 * (cfg.banana.y - cfg.banana.x**2) ** 2 + (1 - cfg.banana.x) ** 2"
TEMPLATE = """
defaults:
  - override hydra/sweeper: llm_ucb
optimized_metric: val/acc_best
hydra:
  mode: MULTIRUN
  sweep: {dir: sweep}
  sweeper:
    storage: null
    study_name: null
    n_jobs: 1
    direction: maximize
    n_trials: 6
    sampler:
      _target_: optuna.samplers.TPESampler
      seed: 1234
      n_startup_trials: 10
    params:
      model.optimizer.lr: interval(0.0001, 0.1)
      data.batch_size: choice(32, 64, 128, 256)
      model.net.lin1_size: choice(64, 128, 256)
      model.net.lin2_size: choice(64, 128, 256)
      model.net.lin3_size: choice(32, 64, 128, 256)
data: {batch_size: 128}
model: {optimizer: {lr: 0.001}, net: {lin1_size: 64, lin2_size: 128, lin3_size: 64}}
"""
TEMPLATE_TASK = "1 - abs(cfg.model.optimizer.lr - 0.01) + cfg.model.net.lin1_size / 1000"
EXAMPLES = {  # configuration, task, direction, and a remark that it must give
    "hydra-nevergrad-sweeper": (NEVERGRAD, NEVERGRAD_TASK, "minimize", "hydra.sweeper.params.lr is not bounded"),
    "hydra-nevergrad-sweeper, 1.0": (
        NEVERGRAD_1_0,
        NEVERGRAD_TASK,
        "maximize",
        "hydra.sweeper.parametrization.lr is not bounded",
    ),
    "hydra-ax-sweeper": (AX, AX_TASK, "minimize", "early_stop"),
    "lightning-hydra-template": (TEMPLATE, TEMPLATE_TASK, "maximize", "sampler are left to their defaults"),
}
PROGRAM = """
import hydra

@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg):
    return float({task})

main()
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_runs_and_says_what_has_no_meaning(tmp_path, example):
    config, task, direction, idle = EXAMPLES[example]
    (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "app.py").write_text(PROGRAM.replace("{task}", task))
    said = run([PYTHON, "app.py", "-m"], tmp_path, env=environment())
    assert f"llm_ucb: {direction} " in said
    assert "all 6 trials are used" in said
    assert idle in said
    assert (tmp_path / "sweep" / "events.jsonl").exists()


def test_a_range_that_follows_from_nothing_is_a_sentence():
    options: dict[str, Any] = {"parametrization": {"lr": {"log": True}}}
    with pytest.raises(SweepError, match=r"parametrization\.lr must have lower and upper, or init and step"):
        from_nevergrad(Translation(options, SWEEPER))
