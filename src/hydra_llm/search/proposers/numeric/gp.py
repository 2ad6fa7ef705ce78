"""Gaussian process with log expected improvement, as implemented in Optuna: few trials, smooth objectives.

The model is fitted by Optuna with PyTorch and SciPy, which this program does not import itself; its cost grows with the
cube of the number of trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hydra_llm.search.proposers.numeric.numeric import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

NEEDED = ("torch", "scipy")


def build(settings: Mapping[str, Any]) -> OptunaProposer:
    """Takes no settings of its own. Raises ValueError, with a sentence, where PyTorch or SciPy is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"proposer=gp needs {' and '.join(missing)}, which Optuna's Gaussian process is built on. "
            f"Run `pip install {' '.join(missing)}`, or choose proposer=tpe."
        )
    return OptunaProposer("gp", _sampler)


def _sampler(seed: int, startup: int) -> BaseSampler:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=startup)
