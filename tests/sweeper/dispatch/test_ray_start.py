"""Ray is started before the first launch, by the thread of the sweep, and once."""

import sys
import threading
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from hydra_llm.sweeper.dispatch import choice

CONFIG = {
    "_target_": "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
    "ray": {"init": {"address": "10.0.0.1:6379"}, "remote": {}},
}


@pytest.fixture
def ray(monkeypatch):
    """In the place of the package: what init was called with, and from which thread."""
    fake = SimpleNamespace(started=[])
    fake.is_initialized = lambda: bool(fake.started)
    fake.init = lambda **options: fake.started.append((options, threading.current_thread()))
    monkeypatch.setitem(sys.modules, "ray", fake)
    return fake


@pytest.mark.parametrize("mode", ["thread", "batch"])
def test_ray_is_started_once_with_its_options_by_the_main_thread(mode, ray):
    config = OmegaConf.create({"hydra": {"launcher": CONFIG}})
    for _ in range(2):
        choice.make_dispatch({"n_parallel": 2, "job_timeout_s": None}, config, None, None, None, mode, None)
    assert ray.started == [({"address": "10.0.0.1:6379"}, threading.main_thread())]


def test_other_launchers_start_no_ray(ray):
    config = OmegaConf.create({"hydra": {"launcher": {"_target_": "hydra_plugins.x.RqLauncher"}}})
    choice.make_dispatch({"n_parallel": 2, "job_timeout_s": None}, config, None, None, None, "thread", None)
    assert ray.started == []
