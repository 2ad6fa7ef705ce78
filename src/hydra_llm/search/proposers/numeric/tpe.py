"""Tree-structured Parzen estimator: draws from the density of good configurations over that of the others.

Bergstra, Bardenet, Bengio & Kegl (2011), as implemented in Optuna, with one joint density over all parameters. Running
trials count as bad ones, so that parallel slots keep apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hydra_llm.search.proposers.numeric.numeric import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


def build(settings: Mapping[str, Any]) -> OptunaProposer:
    """Takes no settings of its own."""
    return OptunaProposer("tpe", _sampler)


def _sampler(seed: int, startup: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, constant_liar=True)
