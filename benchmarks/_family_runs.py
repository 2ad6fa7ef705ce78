"""Real runs of a family as a table: each (configuration, recording) is trained once, in this process, and kept.

Learning rates are rounded to a quarter of a decade, so that sweeps share runs.
"""

import fcntl
import json
import logging
import math
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

from hydra_llm.search.space.space import Categorical, Float, Space

Values = Mapping[str, Any]
BARE = ("logger=csv", "callbacks.figures=false", "callbacks.checkpoint=false", "trainer.threads=1")


@dataclass(frozen=True)
class Family:
    """A regime at a small size, and the space of one of the shipped searches."""

    search: str  # of conf/search
    overrides: tuple[str, ...]
    space: Space
    recordings: tuple[tuple[int, ...], ...] = (tuple(range(9)), tuple(range(9, 18)))  # seeds

    @property
    def declared(self) -> Any:
        return OmegaConf.load(ROOT / "conf" / "search" / f"{self.search}.yaml")

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.overrides, *map(str, self.declared.trial_overrides), *BARE)


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
}


@dataclass
class Table:
    """Metrics of runs, None for a run that failed; `path` is one line a run, shared by all processes."""

    path: Path
    _rows: dict[str, dict[str, float] | None] = field(default_factory=dict)
    _read: int = 0

    def of(self, name: str, values: Values, recording: int) -> dict[str, float] | None:
        family = FAMILIES[name]
        overrides = [f"{d.name}={self.grid(values[d.name])}" for d in family.space.dimensions]
        key = " ".join([name, *overrides, f"seed={recording}"])
        if key not in self._rows:
            self._catch_up()
        if key not in self._rows:
            self._add(key, trained([*family.words, *overrides, f"seed={recording}"], family.declared))
        return self._rows[key]

    @staticmethod
    def grid(value: Any) -> Any:
        """A number that is not a choice, at the nearest quarter of a decade."""
        if not isinstance(value, float) or value == 0.0:
            return value
        return float(f"{10 ** (round(4.0 * math.log10(value)) / 4.0):.3g}") if value < 1.0 else value

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
    from hydra_llm.bootstrap import register
    from hydra_llm.experiment import run
    from hydra_llm.families.errors import FitFailed

    register()
    logging.disable(logging.WARNING)
    shown = [str(declared.metric), *map(str, declared.show)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("config", [*overrides, f"paths.datasets={folder}/data"], return_hydra_config=True)
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
