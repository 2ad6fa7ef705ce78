"""A family of regimes: how a run is fitted, and how a fit is judged.

The two halves meet in the pipeline only. A fit is given the folder of a dataset and opens its observations; an
evaluator is given the dataset and may open its truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.families.errors import ExperimentError
from hydra_llm.families.evaluation import Evaluation, OracleReport
from hydra_llm.families.fitting import Fit, FitContext


class Evaluator(Protocol):
    """Everything about one dataset that needs its truth: before the fit, and after it."""

    def oracle(self) -> OracleReport[Any]: ...

    def score(self, fit: Fit, oracle: Any) -> Evaluation: ...

    def figures(self, fit: Fit, evaluation: Any) -> dict[str, Figure]: ...

    def sketches(self, fit: Fit, evaluation: Any) -> dict[str, Figure]:
        """Two small figures, at most, that a proposer looks at: what was recovered, and the learned functions."""
        return {}

    def tables(self, fit: Fit, evaluation: Any) -> dict[str, str]:
        """Texts for the run folder by file name, such as a table per cell type; often none."""
        ...


@runtime_checkable
class ScoresRecovery(Protocol):
    """An evaluator that has scores of a network at any time of its fit, cheap enough for one per interval."""

    def recovery(self, net: Any) -> dict[str, float]:
        """The main recovery metrics of a network on the CPU; empty where it is not the family's own."""
        ...


@dataclass(frozen=True)
class Family:
    """fit(dataset folder, model, training, context); evaluator(dataset, training).

    headline: the metric that a run is about. shown: metrics of the table in the terminal, in order. oracle_keys: of the
    training, those that the oracle depends on; its report is then stored with the dataset, else computed in every run.
    memory: bytes at the peak of a run, of its system and training; None: some copies of the training frames. recorded:
    a sentence on what a data set holds; None: of its frames as states of a trajectory.
    """

    fit: Callable[[Path, DictConfig, DictConfig, FitContext], Fit]
    evaluator: Callable[[Dataset, DictConfig], Evaluator]
    headline: str
    shown: tuple[str, ...]
    oracle_keys: tuple[str, ...] | None = None
    memory: Callable[[Any, DictConfig], float] | None = None
    recorded: Callable[[Dataset], str] | None = None


def family_of(simulation: DictConfig) -> Family:
    """The family that `simulation._target_` belongs to: the constant FAMILY of that function's module.

    Raises ExperimentError if the target is missing or its module has no FAMILY.
    """
    target = str(simulation.get("_target_", ""))
    module = target.rpartition(".")[0]
    family = getattr(import_module(module), "FAMILY", None) if module else None
    if not isinstance(family, Family):
        raise ExperimentError(
            "simulation._target_ must name a function whose module defines FAMILY (hydra_llm.families.family.Family), "
            f"such as hydra_llm.families.signal.signal_system; got {target or None} (docs/own_regime.md)."
        )
    return family
