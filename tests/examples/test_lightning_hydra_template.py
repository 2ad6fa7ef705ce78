"""The search config for lightning-hydra-template, in a look-alike of the template: same folders, same contracts."""

import textwrap

import pytest
import yaml
from foreign_apps import EXAMPLES, asked, overrides, run

from programs import events

SEARCH = EXAMPLES / "lightning_hydra_template" / "hparams_search" / "mnist_llm_ucb.yaml"

FILES = {
    "configs/train.yaml": """
        # @package _global_
        defaults:
          - _self_
          - data: mnist
          - model: mnist
          - callbacks: default
          - paths: default
          - hydra: default
          - experiment: null
          - hparams_search: null
        task_name: train
        tags: [dev]
        train: true
        seed: null
        """,
    "configs/data/mnist.yaml": "batch_size: 128\n",
    "configs/model/mnist.yaml": """
        optimizer: {lr: 0.001, weight_decay: 0.0}
        net: {input_size: 784, lin1_size: 64, lin2_size: 128, lin3_size: 64, output_size: 10}
        """,
    "configs/callbacks/default.yaml": """
        early_stopping:
          _target_: lightning.pytorch.callbacks.EarlyStopping
          monitor: val/acc
        """,
    "configs/paths/default.yaml": """
        root_dir: .
        log_dir: ${paths.root_dir}/logs/
        output_dir: ${hydra:runtime.output_dir}
        """,
    "configs/hydra/default.yaml": """
        run:
          dir: ${paths.log_dir}/${task_name}/runs/${now:%Y-%m-%d}_${now:%H-%M-%S}
        sweep:
          dir: ${paths.log_dir}/${task_name}/multiruns/${now:%Y-%m-%d}_${now:%H-%M-%S}
          subdir: ${hydra.job.num}
        """,
    "configs/experiment/example.yaml": """
        # @package _global_
        tags: [mnist]
        seed: 12345
        """,
    "src/train.py": """
        import math
        import hydra
        from hydra_llm import job

        def train(cfg):
            lr = math.log10(cfg.model.optimizer.lr)
            best = 0.0
            for epoch in range(5):  # what the trainer and its callbacks do
                best = max(best, 0.9 - 0.05 * (lr + 2.0) ** 2 - 0.1 / (epoch + 1) + 1e-4 * cfg.model.net.lin1_size)
                job.report(epoch, best)
                if job.should_stop():
                    break
            return {"val/acc_best": best, "val/loss": 1.0 - best}

        @hydra.main(version_base="1.3", config_path="../configs", config_name="train.yaml")
        def main(cfg):
            metrics = train(cfg)
            name = cfg.get("optimized_metric")
            if not name:
                return None
            if name not in metrics:
                raise Exception(f"Metric value not found! <metric_name={name}>")
            return metrics[name]

        if __name__ == "__main__":
            main()
        """,
}
COMMAND = ("src/train.py", "hparams_search=mnist_llm_ucb", "experiment=example")


@pytest.fixture
def project(tmp_path):
    """A project made from the template, with our file copied into it."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    target = tmp_path / "configs" / "hparams_search" / SEARCH.name
    target.parent.mkdir()
    target.write_text(SEARCH.read_text())
    return tmp_path


def test_the_search_runs_in_the_template_without_dash_m_and_in_a_folder_without_the_time(project):
    run(project, *COMMAND, "hydra.sweeper.n_trials=6")
    sweep = project / "logs" / "train" / "sweeps" / "mnist_llm_ucb"
    told = events(sweep, "told")
    assert [event["state"] for event in told if event["state"] not in ("COMPLETED", "PRUNED")] == []
    results = yaml.safe_load((sweep / "optimization_results.yaml").read_text())
    assert (results["metric"], results["direction"]) == ("val/acc_best", "maximize")
    assert set(asked(sweep)[0]) == {
        "model.optimizer.lr",
        "data.batch_size",
        "model.net.lin1_size",
        "model.net.lin2_size",
        "model.net.lin3_size",
    }
    assert "model.optimizer.lr=0.001" in overrides(sweep, 0)  # as it stands
    assert "Continuing: 6 trials were finished" in run(project, *COMMAND, "hydra.sweeper.n_trials=7")


def test_without_a_metric_the_templates_main_returns_none_and_the_sweep_says_so(project):
    text = run(
        project,
        *COMMAND,
        "optimized_metric=null",
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.fail_fast=2",
        expect=1,
    )
    assert "The task returned None instead of a number" in text
    assert "some templates return None until a metric name is configured" in text


def test_the_callback_that_the_file_adds_exists_and_takes_its_arguments():
    lightning = pytest.importorskip("lightning", reason="the science extra is not installed")
    from hydra.utils import instantiate

    node = yaml.safe_load(SEARCH.read_text())["callbacks"]["report_progress"]
    assert isinstance(instantiate(node), lightning.Callback)
