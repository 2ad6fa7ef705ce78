"""What a configuration is worth to the search, from its runs: the posterior mean of the process on all runs
(surrogate/), the estimate that takes the difficulty of recordings into account (mixed_model.py), the plain mean, a
lower confidence bound, or the worst run.

Estimate and mean leave failed runs out; these stand in a column of their own. The two lower bounds ask what a
configuration can be relied upon for, so each failed run counts as the worst score seen in the tree. A configuration
that never scored has no reward under any rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hydra_llm.choice import check_choice

Reward = Literal["posterior", "paired", "mean", "lower_confidence", "min"]
REWARDS: tuple[str, ...] = get_args(Reward)
POSTERIOR = "posterior"
PAIRED = "paired"
Z = 1.2816  # one-sided 90 %: of ten bounds one may lie above the true mean
OWN_SPREAD = 3  # runs from which a configuration's own standard deviation is trusted rather than the pooled one

Numbers = npt.NDArray[np.float64]


def check_reward(name: str) -> str:
    check_choice("reward", name, REWARDS)
    return name


def reward_of(kind: str, scores: Sequence[float], failures: int, floor: float, worst: float) -> float:
    """The reward of one configuration; nan without a score.

    `floor` is the pooled standard deviation of single runs (0 while unknown), `worst` the least score in the tree.
    """
    if not scores:
        return float("nan")
    if kind == "mean":
        return sum(scores) / len(scores)
    counted = np.array([*scores, *[worst] * failures])
    if kind == "min":
        return float(counted.min())
    own = float(counted.std(ddof=1)) if len(counted) >= OWN_SPREAD else 0.0
    spread = max(own, floor) if failures or len(counted) < OWN_SPREAD else own
    return float(counted.mean() - Z * spread / np.sqrt(len(counted)))
