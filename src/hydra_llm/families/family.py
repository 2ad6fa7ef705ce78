"""What a family of regimes brings to a run: how it is fitted, and how a fit is judged.

The two halves meet in the pipeline only. A fit is given the folder of a dataset and opens its observations; an assay is
given the dataset and may open its truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.store import Dataset
from hydra_llm.experiment.errors import ExperimentError
from hydra_llm.experiment.fitting import Bench, Fit

FAMILIES = ("signal", "flyvis", "metabolism")  # each a package of hydra_llm.systems and of hydra_llm.experiment


class OracleReport(Protocol):
    """What the data can determine. scores: oracle_* metrics; sentence: for the log, before training."""

    @property
    def scores(self) -> Mapping[str, float]: ...
    @property
    def sentence(self) -> str: ...


class Scored(Protocol):
    """What an evaluation found; families keep what their figures need beside the metrics."""

    @property
    def metrics(self) -> Mapping[str, float]: ...


class Assay(Protocol):
    """Everything about one dataset that needs its truth: before the fit, and after it."""

    def oracle(self) -> OracleReport: ...

    def score(self, fit: Fit, oracle: Any) -> Scored: ...

    def figures(self, fit: Fit, scored: Any) -> dict[str, Figure]: ...

    def tables(self, fit: Fit, scored: Any) -> dict[str, str]:
        """Texts for the run folder by file name, such as a table per cell type; often none."""
        ...


@dataclass(frozen=True)
class Family:
    """fit(dataset folder, model, training, bench); assay(dataset, training).

    headline: the metric that a run is about. shown: metrics of the table in the terminal, in order.
    """

    fit: Callable[[Path, DictConfig, DictConfig, Bench], Fit]
    assay: Callable[[Dataset, DictConfig], Assay]
    headline: str
    shown: tuple[str, ...]


def family_of(simulation: DictConfig) -> Family:
    """The family whose systems `simulation._target_` builds.

    hydra_llm.systems.<family>.<function> for ours; for anybody else's, the constant FAMILY of the function's module.
    """
    target = str(simulation.get("_target_", ""))
    module = target.rpartition(".")[0]
    parts = target.split(".")
    if parts[:2] == ["hydra_llm", "systems"] and len(parts) > 3 and parts[2] in FAMILIES:
        module = f"hydra_llm.experiment.{parts[2]}"
    family = getattr(import_module(module), "FAMILY", None) if module else None
    if not isinstance(family, Family):
        raise ExperimentError(
            f"simulation._target_={target or None} belongs to no family: {module or 'it'} has no FAMILY. "
            f"Expected hydra_llm.systems.<family>.<function> with one of {', '.join(FAMILIES)}, or a function whose "
            "module defines FAMILY = hydra_llm.experiment.family.Family(...) (docs/own_regime.md)."
        )
    return family
