"""The configuration that README and documentation give an application, pasted into one as it stands."""

import re
from pathlib import Path

import pytest

from programs import PYTHON, environment, run

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = """
import hydra

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    return {"accuracy": cfg.model.width - abs(cfg.optimizer.lr - 0.01) + 0 * cfg.seed}

main()
"""


@pytest.fixture(params=["README.md", "docs/own_app.md"])
def application(request, tmp_path):
    snippet = re.search(
        r"^```yaml\n(.*?sweeper:.*?)^```$", (ROOT / request.param).read_text(), re.MULTILINE | re.DOTALL
    )
    assert snippet, f"{request.param} has no configuration of a sweeper"
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "config.yaml").write_text(f"{snippet[1]}\noptimizer: {{lr: 0.1}}\nseed: 0\n")
    for name, width in {"small": 1, "large": 2}.items():
        (tmp_path / "conf" / "model" / f"{name}.yaml").write_text(f"width: {width}\n")
    (tmp_path / "your_app.py").write_text(APPLICATION)
    return tmp_path


def test_an_application_with_the_snippet_runs_with_and_without_a_search(application):
    def call(*words):
        return run([PYTHON, "your_app.py", *words], application, env=environment())

    call()
    said = call("-m", "hydra.sweeper.n_trials=3", "hydra.sweeper.confirm={n_seeds: 0}")
    assert "maximize accuracy" in said
    assert "[3/3] trial 2 accuracy=" in said
    assert (application / "outputs" / "sweeps" / "mine" / "events.jsonl").exists()
