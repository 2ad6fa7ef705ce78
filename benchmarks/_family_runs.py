"""Real runs of a family as a table: each (configuration, recording) is trained once, in this process, and kept.

Learning rates are rounded to a quarter of a decade, so that sweeps share runs; where the shipped search has an interval
of penalties or of noise, the space here has a few values of it for the same reason.

flyvis: the training landscape of search=flyvis by its own metric, connectivity_R2, from the recording alone, at the
smallest eye, with 1,000 frames and a third of the shipped steps (a run then takes 5 seconds of a core). Chosen before
any sweep had ended, on the baseline and a few configurations:

* The eye is that of a trained network (flow/0000/000): its recordings determine W (oracle_connectivity_R2 0.98 with
  these frames). Drawn parameters, the default of the simulation, do not: at 4,000 frames the ceiling is 0.25 on one
  recording and 0.11 on the next, and what wins on one (0.48, the baseline 0.10) loses on the other (-1.03, -0.29).
* The baseline solves the neurons every 250 steps, one of the choices of the search. With its first choice, never, the
  fit does not beat a constant, and sweeps would start from a failure.
* On recordings 0, 1 and 2 the baseline reaches 0.74, 0.61 and -1.85, a tenth of its learning rate of the functions
  0.83, 0.82 and 0.44; on recording 0, moves of one or two parameters give 0.40 to 0.84, and 500 steps between solutions
  -37. One configuration differs between recordings as much as configurations do on one, but all agree on what gains.
"""

import copy
import fcntl
import json
import logging
import math
import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _report import ROOT
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf, open_dict

from hydra_llm.search.space.dimension import Dimension
from hydra_llm.search.space.space import Categorical, Float, Space

Values = Mapping[str, Any]
FILES = {"connectome": "fib25-fib19_v2.2.json", "parameters": "flyvis_flow_0000_000.pt"}  # published, not shipped
BARE = ("logger=csv", "callbacks.figures=false", "callbacks.checkpoint=false", "trainer.threads=1")


@dataclass(frozen=True)
class Family:
    """A regime at a small size, and the space of one of the shipped searches."""

    search: str  # of conf/search
    overrides: tuple[str, ...]
    space: Space  # of keys that change a run
    files: tuple[str, ...] = ()  # keys of simulation that take one of FILES
    recordings: tuple[tuple[int, ...], ...] = (tuple(range(9)), tuple(range(9, 18)))  # seeds

    @property
    def declared(self) -> Any:
        return OmegaConf.load(ROOT / "conf" / "search" / f"{self.search}.yaml")

    @property
    def words(self) -> tuple[str, ...]:
        return (*map(str, self.declared.trial_overrides), *self.overrides, *BARE)


def _rate(name: str, low: float, high: float, default: float, of: str) -> Float:
    return Float(name=f"training.{name}", low=low, high=high, log=True, default=default, help=of)


def _choice(name: str, default: Any, *others: Any) -> Categorical:
    return Categorical(name=name, choices=tuple(sorted((default, *others))), default=default)


FAMILIES = {
    "signal": Family(
        "signal",
        (
            *("simulation=signal_chaotic", "simulation.n_neurons=20", "simulation.n_frames=2000"),
            *("simulation.n_frames_validation=500", "simulation.n_frames_test=100"),
        ),
        Space(
            (
                _rate("learning_rate_W_start", 1e-4, 1e-2, 2e-3, "of W"),
                _rate("learning_rate_start", 1e-5, 1e-3, 1e-3, "of the two functions"),
                _choice("training.coeff_W_L1", 0.0, 1e-6, 1e-5, 1e-4, 1e-3),
                _choice("training.coeff_edge_diff", 0.0, 1.0, 10.0, 100.0),
                _choice("training.batch_size", 8, 4, 16),
                _choice("training.W_solve_interval", 0, 500, 750, 1500),
            )
        ),
        # those whose oracle has a condition number below 1,000; of the second nine the default fits every one
        recordings=((0, 1, 3, 5, 6, 8, 14, 15, 16), (20, 21, 24, 25, 28, 29, 31, 33, 35)),
    ),
    "metabolism": Family(
        "metabolism",
        ("simulation=metabolism_small", "simulation.n_frames_test=100"),
        Space(
            (
                _rate("learning_rate_k", 1e-3, 1e-1, 5e-3, "of log10 k"),
                _choice("training.learning_rate_node", 0.0, 1e-4, 1e-3),
                _rate("learning_rate_sub", 1e-4, 1e-2, 5e-4, "of MLP_sub"),
                _choice("training.data_augmentation_loop", 40, 20, 80),
                _choice("training.batch_size", 8, 16, 32),
                _choice("training.learning_rate_schedule", "constant", "cosine"),
                _choice("training.coeff_MLP_sub_diff", 5.0, 0.0, 1.0, 10.0),
                _choice("training.coeff_MLP_sub_norm", 1.0, 0.0, 10.0),
                _choice("training.k_solve_interval", 0, 150, 300),
            )
        ),
    ),
    "flyvis": Family(
        "flyvis",
        (
            *("simulation=flyvis_scenes", "simulation.extent=1", "simulation.n_frames=1000"),
            *("simulation.n_frames_validation=50", "simulation.n_frames_test=50", "training.rollout_frames=20"),
            "training.max_steps=500",
        ),
        Space(
            (
                _rate("learning_rate_W_start", 1e-4, 1e-2, 1e-3, "of W"),
                _rate("learning_rate_start", 1e-5, 1e-3, 5e-4, "of the message function, tau and V_rest"),
                _choice("training.coeff_W_L1", 5e-5, 1e-6, 1e-5, 1e-4, 1e-3),
                _choice("training.coeff_edge_norm", 1.0, 0.0, 10.0),
                _choice("training.noise_model_level", 0.05, 0.0, 0.1, 0.2),
                _choice("training.batch_size", 1, 2, 4),
                _choice("training.closed_form_interval", 250, 0, 500),
            )
        ),
        files=("connectome", "parameters"),
    ),
}


def published(name: str) -> Path | None:
    """A file of FILES, in the folder that HYDRA_LLM_DATA names or in the user's cache; nothing is fetched."""
    from hydra_llm.families.flyvis.system.source import cache_folder

    named = os.environ.get("HYDRA_LLM_DATA")
    folders = ([Path(named).expanduser().absolute()] if named else []) + [cache_folder()]
    places = [folder / FILES[name] for folder in folders]
    return next((place for place in places if place.is_file()), None)


@dataclass
class Table:
    """Metrics of runs, None for a run that failed; `path` is one line a run, shared by all processes.

    Recordings lie in `datasets`; `files` are those that families read.
    """

    path: Path
    datasets: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    _rows: dict[str, dict[str, float] | None] = field(default_factory=dict)
    _read: int = 0

    def of(self, name: str, values: Values, recording: int) -> dict[str, float] | None:
        family = FAMILIES[name]
        overrides = [f"{d.name}={self.grid(d, values[d.name])}" for d in family.space.dimensions]
        key = " ".join([name, *overrides, f"seed={recording}"])
        if key not in self._rows:
            self._catch_up()
        if key not in self._rows:
            places = [f"paths.datasets={self.datasets}"]
            places += [f"simulation.{key}={self.files[key]}" for key in family.files]
            self._add(key, trained([*family.words, *overrides, *places, f"seed={recording}"], family.declared))
        return self._rows[key]

    @staticmethod
    def grid(dimension: Dimension, value: Any) -> Any:
        """A number that is not a choice, at the nearest quarter of a decade."""
        if isinstance(dimension, Categorical):
            return value
        return float(f"{10 ** (round(4.0 * math.log10(value)) / 4.0):.3g}")

    def _catch_up(self) -> None:
        """What other processes have added."""
        if self.path.exists():
            with self.path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                file.seek(self._read)
                for line in file:
                    found = json.loads(line)
                    self._rows[found["run"]] = found["metrics"]
                self._read = file.tell()

    def _add(self, key: str, metrics: dict[str, float] | None) -> None:
        self._rows[key] = metrics
        with self.path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps({"run": key, "metrics": metrics}, separators=(",", ":")) + "\n")


def trained(overrides: list[str], declared: Any) -> dict[str, float] | None:
    """Metrics that the search shows, of one run of train.py in this process; None for a fit that failed."""
    return measured(composed(overrides), declared)


def composed(overrides: list[str]) -> Any:
    """The configuration of a run, with Hydra's own under `hydra`."""
    from hydra_llm.bootstrap import register

    register()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("config", overrides, return_hydra_config=True)


def measured(whole: Any, declared: Any, values: Values | None = None) -> dict[str, float] | None:
    """As trained, of a configuration that is composed already and stays as it is, with some values of its keys."""
    from hydra_llm.experiment import run
    from hydra_llm.families.errors import FitFailed

    logging.disable(logging.WARNING)
    shown = [str(declared.metric), *map(str, declared.show)]
    cfg = copy.copy(whole)
    for key, value in (values or {}).items():
        OmegaConf.update(cfg, key, value)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir, cfg.hydra.mode = folder, "MULTIRUN"
        HydraConfig.instance().set_config(cfg)
        with open_dict(cfg):
            cfg.pop("hydra")
        try:
            metrics = run(cfg)
        except FitFailed:
            return None
    assert isinstance(metrics, dict)
    return {name: float(f"{metrics[name]:.7g}") for name in shown if name in metrics}
