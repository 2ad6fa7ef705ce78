"""What a selection policy is: one score per node; a larger score is branched from earlier.

A policy sees Arms only (rewards, visits, failures), never trials or parameters. Ties go to the oldest node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hydra_llm.dotted import Named
from hydra_llm.search.tree.arms import Arms

Scores = npt.NDArray[np.float64]


class SelectionPolicy(Named, ABC):
    """`c` is the exploration weight (hydra.sweeper.ucb_c), 0 where a policy has none; it is shown beside the scores.
    A policy that `believes` gets arms with posterior means, which cost a fit for every run that ends.
    """

    c: float = 0.0
    believes: ClassVar[bool] = False

    @abstractmethod
    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        """One finite number per arm, or -inf for an arm that must not be chosen. `arms` is not to be changed."""


def rank(policy: SelectionPolicy, arms: Arms, rng: np.random.Generator) -> list[tuple[int, float]]:
    """(node id, score) of every node, best first, ties in order of creation."""
    scores = policy.scores(arms, rng)
    order = np.argsort(-scores, kind="stable")
    return list(zip(arms.ids[order].tolist(), scores[order].tolist(), strict=True))


def unit_ranks(arms: Arms) -> Scores:
    """Rewards as ranks in [0, 1], 1 = best, equal rewards sharing their mean rank; one scored node has rank 1.

    A node that only failed has rank 0, as the worst seen; a node that still runs has the middle rank 0.5.
    """
    ranks = np.full(len(arms), 0.5)
    ranks[arms.failed] = 0.0
    scored = np.flatnonzero(np.isfinite(arms.rewards))
    if len(scored) == 0:
        return ranks
    rewards = arms.rewards[scored]
    sorted_rewards = np.sort(rewards)
    below = np.searchsorted(sorted_rewards, rewards, side="left")
    upto = np.searchsorted(sorted_rewards, rewards, side="right")
    ranks[scored] = (below + upto - 1) / 2 / max(1, len(scored) - 1) if len(scored) > 1 else 1.0
    return ranks


def plain_rewards(arms: Arms) -> Scores:
    """Rewards as they are; nodes without a score count as the worst seen (0 before anything was scored)."""
    finite = arms.rewards[np.isfinite(arms.rewards)]
    worst = float(finite.min()) if len(finite) else 0.0
    return np.where(np.isfinite(arms.rewards), arms.rewards, worst)
