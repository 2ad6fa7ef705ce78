"""Hydra finds the plugin, cheaply, from outside the repository."""

import json
import subprocess
import sys

import pytest

from hydra_llm.llm.settings import LlmSettings
from hydra_llm.sweeper.options import NULLABLE
from hydra_plugins.hydra_llm_ucb_sweeper.config import LLM_KEYS, PRUNING, STOP, SWEEPER

SCAN = """
import json, sys
from hydra.core.plugins import Plugins
from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
names = [c.__name__ for c in Plugins.instance().discover(Sweeper)]
times = {k: v for k, v in Plugins.instance().get_stats().modules_import_time.items() if "hydra_llm" in k}
heavy = [m for m in ("openai", "numpy", "torch", "optuna", "pydantic", "matplotlib") if m in sys.modules]
groups = {g: sorted(ConfigStore.instance().list(g)) for g in ("hydra/sweeper/llm", "hydra/sweeper/stop")}
print(json.dumps({"names": names, "times": times, "heavy": heavy, "groups": groups}))
"""


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Three scans, each in a fresh interpreter outside the repository."""
    folder = tmp_path_factory.mktemp("elsewhere")
    outputs = [
        subprocess.run([sys.executable, "-c", SCAN], cwd=folder, capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    ]
    return [json.loads(output) for output in outputs]


def test_the_sweeper_is_discovered_with_its_groups(scans):
    assert "LlmUcbSweeper" in scans[0]["names"]
    assert scans[0]["groups"]["hydra/sweeper/llm"] == ["command.yaml", "openai.yaml", "scripted.yaml"]


def test_a_scan_loads_nothing_heavy(scans):
    assert scans[0]["heavy"] == []


def test_only_the_thin_modules_are_scanned(scans):
    names = {name.rpartition(".")[2] for name in scans[0]["times"]}
    assert names <= {"hydra_llm_ucb_sweeper", "config", "llm_ucb_sweeper"}


def test_the_keys_of_the_language_model_are_those_of_its_settings():
    assert {"client", *LLM_KEYS} == set(LlmSettings().as_dict())


def test_every_key_that_may_be_null_has_a_type():
    assert set(NULLABLE) == {key for key, value in {**SWEEPER, **STOP, **PRUNING}.items() if value is None}
