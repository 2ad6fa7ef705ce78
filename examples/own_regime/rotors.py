"""A regime of your own: noisy linear dynamics du/dt = A u, and the recovery of A. See docs/own_regime.md.

    PYTHONPATH=examples/own_regime python train.py --config-dir examples/own_regime/conf simulation=rotors

Three parts: a system, a fit that opens observations only, an evaluator that may open the truth. FAMILY names the last
two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig
from torch import Tensor, nn

from hydra_llm.data.dataset import Dataset
from hydra_llm.families.evaluation import Evaluation, OracleReport
from hydra_llm.families.family import Family
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.metrics.scores import identity_r2, slope
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.integrators import Integrator, integrator
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import split_lengths
from hydra_llm.systems.split_run import SplitRun
from hydra_llm.systems.trajectory import segments
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.objectives import OneStep
from hydra_llm.training.phases.adam import AdamPhase


# ---- the system ----
@dataclass(frozen=True)
class Rotors:
    """Pairs of units that turn and decay, weakly coupled at random, kept alive by noise."""

    keys: Mapping[str, Any]
    seed: int
    n_units: int
    coupling: float
    noise: ProcessNoise
    delta_t: float
    n_frames: Mapping[str, int]
    integrator: Integrator = field(default_factory=lambda: integrator("euler"))
    dtype: str = "float64"
    name = "rotors"
    substeps = 1
    burn_in = 100
    measurement_noise_sd = 0.0
    independent_segments = False

    @cached_property
    def _A(self) -> Tensor:
        """[unit, unit]: decay 1, turning by 5 per unit of time, coupling of the given standard deviation."""
        n = self.n_units
        A = self.coupling * torch.randn(n, n, generator=stream(self.seed, "connectivity"), dtype=torch.float64) / n**0.5
        for i in range(0, n - 1, 2):
            A[i, i + 1] += 5.0
            A[i + 1, i] -= 5.0
        return A - torch.eye(n, dtype=torch.float64)

    def truth(self) -> dict[str, Tensor]:
        return {"A": self._A}

    def truth_meta(self) -> dict[str, Any]:
        return {"system": self.name, "noise_model_level": self.noise.level}

    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        return activity @ self._A.T

    def structure(self) -> dict[str, Tensor]:
        return {}  # nothing is known beside the recording

    def arrays(self) -> dict[str, int]:
        return {"activity": self.n_units}

    def observation_meta(self) -> dict[str, Any]:
        meta = {"system": self.name, "n_neurons": self.n_units, "n_frames": dict(self.n_frames), "dtype": self.dtype}
        return {**meta, "delta_t": self.delta_t}

    def segments(self) -> tuple[Segment, ...]:
        return segments(dict(self.n_frames))

    def start(self) -> SplitRun:
        states = [torch.randn(self.n_units, generator=stream(self.seed, f"initial_state/{s}")) for s in SPLITS]

        def field(u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
            return torch.matmul(u, self._A.T, out=out)

        return SplitRun(self, field, torch.stack(states), floor=None)


def rotors(n_units: int, coupling: float, noise: float, delta_t: float, n_frames: int, seed: int) -> Rotors:
    """What `_target_` of conf/simulation/rotors.yaml builds."""
    # the keys are part of a recording's address: raise the version when this code changes
    keys = {
        "version": 1,
        "n_units": n_units,
        "coupling": coupling,
        "noise": noise,
        "delta_t": delta_t,
        "n_frames": n_frames,
    }
    lengths = split_lengths(n_frames, None, None)
    return Rotors(keys, seed, n_units, coupling, ProcessNoise(noise, "per_step"), delta_t, lengths)


# ---- the fit: observations only ----
class LinearNet(nn.Module):
    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.zeros(n_units, n_units, dtype=torch.float64))

    def forward(self, u: Tensor, external: Tensor | None = None) -> Tensor:
        return u @ self.A.T


@dataclass(frozen=True, kw_only=True)
class LinearPhase(AdamPhase):
    learning_rate: float

    def groups(self, net: LinearNet) -> list[dict[str, Any]]:
        return [{"params": [net.A], "lr": self.learning_rate}]


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    data = RecordingDataModule(dataset, training)
    phase = LinearPhase(
        n_steps=training.max_steps,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        delta_t=data.delta_t,
        objective=OneStep(0.0),
        regularisers=(),
        batch_order=stream(training.seed, "batch_order"),
        noise=stream(training.seed, "training_noise"),
    )
    return train(LinearNet(data.frames("train").activity.shape[1]), [phase], data, context)


# ---- the evaluator: the truth too ----
def scores_of(A: np.ndarray, true: np.ndarray, prefix: str = "") -> dict[str, float]:
    found = {"A_R2": identity_r2(A, true), "A_R2_slope": slope(A, true)}
    return {prefix + name: value for name, value in found.items() if value is not None}


class Evaluator:
    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._A = dataset.truth()["A"].numpy()
        self._data = RecordingDataModule(dataset.path, training)

    def oracle(self) -> OracleReport[np.ndarray]:
        """Least squares: what any method can get from these data."""
        frames = self._data.frames("train")
        A = np.linalg.lstsq(frames.activity.numpy(), frames.target.numpy(), rcond=None)[0].T
        scores = scores_of(A, self._A, "oracle_")
        return OracleReport(A, scores, f"Least squares recovers A with R2 {scores['oracle_A_R2']:.4f}.")

    def score(self, fit: Fit, oracle: OracleReport[np.ndarray]) -> Evaluation:
        return Evaluation(scores_of(fit.net.A.detach().numpy(), self._A))

    def figures(self, fit: Fit, evaluation: Evaluation) -> dict[str, Figure]:
        return {}

    def tables(self, fit: Fit, evaluation: Evaluation) -> dict[str, str]:
        return {}


FAMILY = Family(
    fit=fit, evaluator=Evaluator, headline="A_R2", shown=("A_R2", "A_R2_slope", "final_loss", "training_time_min")
)
