"""Which parameters the score depends on, so far, over the scored configurations of a block.

With few configurations (FEW and more): the share of the variance that a parameter explains alone, by the squared rank
correlation for ordered parameters and eta squared for choices; shares need not add up to one. From ENOUGH on: PED-ANOVA
(Watanabe, Bansal, Hutter, IJCAI 2023; Optuna's implementation), how much the best tenth differs from the rest in each
parameter, as shares of one. Both are cheap and depend on the records alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hydra_llm.search.space.dimension import Dimension
from hydra_llm.search.space.positions import is_ordered, position
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.tree import Tree

FEW = 5  # scored configurations below which nothing is said
ENOUGH = 20  # from which PED-ANOVA is trusted: its best tenth then holds two
LATEST = 256  # configurations that are looked at
Column = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """`shares` by parameter, {} while nothing can be said; parameters that were not moved are absent."""

    method: str = ""
    configurations: int = 0
    shares: dict[str, float] | None = None

    def of(self, name: str) -> float | None:
        return (self.shares or {}).get(name)


def importance(space: Space, tree: Tree) -> Importance:
    nodes = tree.latest_scored(LATEST)
    if len(nodes) < FEW:
        return Importance(configurations=len(nodes))
    scores = tree.estimates[[node.index for node in nodes]]  # on equal recordings
    columns: list[tuple[Dimension, Column]] = []
    for dimension in space.free():
        held = [position(dimension, n.values[dimension.name]) if dimension.name in n.values else np.nan for n in nodes]
        column = np.array(held, dtype=float)
        if np.isfinite(column).all() and np.ptp(column) > 0:  # conditional ones are absent somewhere
            columns.append((dimension, column))
    if not columns or np.ptp(scores) == 0:
        return Importance(configurations=len(nodes))
    if len(nodes) >= ENOUGH:
        return Importance("PED-ANOVA", len(nodes), _ped_anova(columns, scores))
    shares = {dimension.name: _alone(dimension, column, scores) for dimension, column in columns}
    return Importance("variance explained alone", len(nodes), shares)


def _alone(dimension: Dimension, column: Column, scores: Column) -> float:
    if is_ordered(dimension):
        return float(np.corrcoef(_ranks(column), _ranks(scores))[0, 1] ** 2)
    means = np.array([scores[column == value].mean() for value in column])
    return float(means.var() / scores.var())


def _ranks(values: Column) -> Column:
    """Ranks, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def _ped_anova(columns: list[tuple[Dimension, Column]], scores: Column) -> dict[str, float]:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    from hydra_llm.search.optuna_bridge.mirror import quiet

    spaces: dict[str, BaseDistribution] = {}
    for dimension, column in columns:
        choices = [int(value) for value in np.unique(column)]
        ordered = is_ordered(dimension)
        spaces[dimension.name] = FloatDistribution(0.0, 1.0) if ordered else CategoricalDistribution(choices)
    with quiet():
        study = optuna.create_study(direction="maximize")
        for row, score in enumerate(scores):
            point = {d.name: float(c[row]) if is_ordered(d) else int(c[row]) for d, c in columns}
            study.add_trial(optuna.trial.create_trial(params=point, distributions=spaces, value=float(score)))
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {name: float(share) for name, share in found.items()}
