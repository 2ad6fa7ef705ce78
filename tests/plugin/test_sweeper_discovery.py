"""Hydra finds the plugin, cheaply, from outside the repository."""

import json
import pickle
import subprocess
import sys

import cloudpickle
import pytest
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.plugins import Plugins

from hydra_llm.keys.key import defaults
from hydra_llm.keys.sweeper import LLM, PRUNING, STOP, SWEEPER

SCAN = """
import json, sys
from hydra.core.plugins import Plugins
from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf
names = [c.__name__ for c in Plugins.instance().discover(Sweeper)]
times = {k: v for k, v in Plugins.instance().get_stats().modules_import_time.items() if "hydra_llm" in k}
heavy = [m for m in ("openai", "numpy", "torch", "optuna", "pydantic", "matplotlib") if m in sys.modules]
ours = sorted(m for m in sys.modules if "hydra_llm" in m)
store = ConfigStore.instance()
groups = {g: sorted(store.list(g)) for g in ("hydra/sweeper/llm", "hydra/sweeper/pruning", "hydra/sweeper/stop")}
paths = ("llm_ucb", "llm/openai", "stop/budget", "pruning/none")
nodes = {path: OmegaConf.to_container(store.load(f"hydra/sweeper/{path}.yaml").node) for path in paths}
print(json.dumps({"names": names, "times": times, "heavy": heavy, "groups": groups, "nodes": nodes, "ours": ours}))
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
    assert scans[0]["groups"] == {
        "hydra/sweeper/llm": ["command.yaml", "openai.yaml", "scripted.yaml"],
        "hydra/sweeper/pruning": ["asha.yaml", "median.yaml", "none.yaml"],
        "hydra/sweeper/stop": ["budget.yaml"],
    }


def test_a_scan_loads_nothing_heavy(scans):
    assert scans[0]["heavy"] == []


def test_a_scan_makes_no_node_and_does_not_read_the_table_of_keys(scans):
    assert scans[0]["ours"] == [
        f"hydra_plugins.hydra_llm_ucb_sweeper{name}" for name in ("", ".config", ".llm_ucb_sweeper")
    ]


def test_only_the_thin_modules_are_scanned(scans):
    names = {name.rpartition(".")[2] for name in scans[0]["times"]}
    assert names <= {"hydra_llm_ucb_sweeper", "config", "llm_ucb_sweeper"}


def test_hydra_knows_every_key_with_the_default_of_its_table(scans):
    nodes = scans[0]["nodes"]
    sweeper = {key: value for key, value in nodes["llm_ucb"].items() if key not in ("defaults", "_target_")}
    assert sweeper == defaults(SWEEPER)
    assert nodes["llm/openai"] == {**defaults(LLM), "prices": None}  # Hydra lets nothing enter an empty mapping
    assert nodes["stop/budget"] == defaults(STOP)
    assert nodes["pruning/none"] == defaults(PRUNING)


def test_a_store_that_travelled_to_a_job_can_travel_on():
    """A job that a cluster puts back in its queue pickles the store that it was sent, a second time."""
    Plugins.instance()
    sent = ConfigStore.instance()
    arrived = pickle.loads(cloudpickle.dumps(sent))
    again = pickle.loads(cloudpickle.dumps(arrived))
    node = again.repo["hydra"]["sweeper"]["llm_ucb.yaml"]
    assert type(node) is ConfigNode
    assert node.node == sent.load("hydra/sweeper/llm_ucb.yaml").node
