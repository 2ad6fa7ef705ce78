"""Runs of train.py's task on a network of 20 neurons, composed from the real configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
QUIET = ("logger=none", "training.must_beat=[]")  # fits of a few steps, of which few would count
TINY = (
    *QUIET,
    "callbacks.figures=false",
    "simulation.n_neurons=20",
    "simulation.n_frames=1000",
    "simulation.n_frames_validation=200",
    "simulation.n_frames_test=200",
    "training.max_steps=20",
    "training.spline_knots=0",
    "training.projection_frames=300",
    "training.projection_nodes=60",
    "training.projection_iterations=20",
    "training.projection_starts=2",
    "training.projection_screening_iterations=5",
    "training.rollout_frames=50",
)

TINY_METABOLISM = (
    *QUIET,
    "callbacks.figures=false",
    "simulation.n_metabolites=12",
    "simulation.n_reactions=18",
    "simulation.n_frames=200",
    "simulation.n_frames_test=100",
    "simulation.n_frames_validation=100",
    "model.hidden_dim_sub=16",
    "model.hidden_dim_node=16",
    "training.max_steps=20",
    "training.projection_iterations=60",
    "training.projection_starts=1",
    "training.projection_screening_iterations=20",
    "training.projection_nodes=80",
    "training.rollout_frames=50",
)

TINY_FLYVIS = (
    *QUIET,
    "callbacks.figures=false",
    "simulation.n_frames=120",
    "simulation.n_frames_test=60",
    "simulation.n_frames_validation=60",
    "simulation.sequence_duration=0.6",
    "simulation.video_least_frames=2",
    "simulation.device=cpu",
    "training.rollout_frames=20",
)


def tiny(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """The overrides that shrink the family that is asked for."""
    chosen = [override for override in overrides if override.startswith("simulation=")]
    families = {"metabolism": TINY_METABOLISM, "flyvis": TINY_FLYVIS}
    return families.get(chosen[0].partition("=")[2].partition("_")[0], TINY) if chosen else TINY


@pytest.fixture
def compose_config() -> Callable[..., Any]:
    """compose_config(*overrides, hydra=False) -> DictConfig of conf/."""
    from hydra import compose, initialize_config_dir

    from hydra_llm.bootstrap import register

    register()

    def make(*overrides: str, hydra: bool = False) -> Any:
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            return compose("config", list(overrides), return_hydra_config=hydra)

    return make


@pytest.fixture
def run_composed(compose_config) -> Callable[..., dict[str, float]]:
    """run_composed(folder, *overrides) -> metrics of the run that train.py does with the overrides, in the folder."""
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import open_dict

    from hydra_llm.experiment import run

    def make(folder: Path, *overrides: str, mode: str = "MULTIRUN") -> dict[str, float]:
        cfg = compose_config(*overrides, hydra=True)
        folder.mkdir(exist_ok=True)
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir, cfg.hydra.mode = str(folder), mode
        HydraConfig.instance().set_config(cfg)
        with open_dict(cfg):
            cfg.pop("hydra")
        return run(cfg)

    return make


@pytest.fixture
def run_tiny(run_composed, tmp_path) -> Callable[..., dict[str, float]]:
    """run_tiny(*overrides) -> metrics of a whole run in tmp_path/run; datasets in tmp_path/datasets."""

    def make(*overrides: str, folder: str = "run", **more: str) -> dict[str, float]:
        small = (*tiny(overrides), f"paths.datasets={tmp_path}/datasets")
        return run_composed(tmp_path / folder, *small, *overrides, **more)

    return make
