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
GROUPS = 10  # of a jackknife
TWICE = 2.0  # standard errors
Column = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """`shares` by parameter, None while nothing can be said; parameters that were not moved are absent. errors: of the
    shares, standard ones, where they were asked for.
    """

    method: str = ""
    configurations: int = 0
    shares: dict[str, float] | None = None
    errors: dict[str, float] | None = None

    @property
    def is_carried(self) -> bool:
        """Whether the configurations tell a parameter from what it would have without any effect: an equal share of
        one, or the variance that an unrelated parameter explains by chance. Needs errors.
        """
        shares, errors = self.shares or {}, self.errors or {}
        if not shares or (self.method == "PED-ANOVA" and len(shares) < 2):
            return False
        chance = 1 / len(shares) if self.method == "PED-ANOVA" else 1 / (self.configurations - 1)
        largest = max(shares, key=lambda name: shares[name])
        return shares[largest] - TWICE * errors.get(largest, np.inf) > chance

    def of(self, name: str) -> float | None:
        return (self.shares or {}).get(name)


def importance(space: Space, tree: Tree) -> Importance:
    found = _Table.of(space, tree)
    if found.method == "":
        return Importance(configurations=found.rows)
    return Importance(found.method, found.rows, found.shares(slice(None)))


def with_errors(space: Space, tree: Tree) -> Importance:
    """The same with standard errors, by a jackknife over GROUPS groups of configurations: that many times the work."""
    found = _Table.of(space, tree)
    if found.method == "":
        return Importance(configurations=found.rows)
    groups = np.random.default_rng(0).permutation(found.rows) % GROUPS
    left = [found.shares(groups != group) for group in range(GROUPS)]
    errors = {}
    for name in found.columns:
        values = np.array([shares.get(name, 0.0) for shares in left])
        errors[name] = float(np.sqrt((GROUPS - 1) / GROUPS * ((values - values.mean()) ** 2).sum()))
    return Importance(found.method, found.rows, found.shares(slice(None)), errors)


@dataclass(frozen=True)
class _Table:
    """Positions by parameter that was moved, and scores, of so many configurations. method: "" where nothing can be
    said."""

    columns: dict[str, tuple[Dimension, Column]]
    scores: Column
    rows: int
    method: str

    @classmethod
    def of(cls, space: Space, tree: Tree) -> _Table:
        nodes = tree.latest_scored(LATEST)
        if len(nodes) < FEW:
            return cls({}, np.empty(0), len(nodes), "")
        scores = tree.estimates[[node.index for node in nodes]]  # on equal recordings
        columns: dict[str, tuple[Dimension, Column]] = {}
        for dimension in space.free():
            name = dimension.name
            held = [position(dimension, n.values[name]) if name in n.values else np.nan for n in nodes]
            column = np.array(held, dtype=float)
            if np.isfinite(column).all() and np.ptp(column) > 0:  # conditional ones are absent somewhere
                columns[name] = (dimension, column)
        said = bool(columns) and np.ptp(scores) > 0
        method = "PED-ANOVA" if len(nodes) >= ENOUGH else "variance explained alone"
        return cls(columns, scores, len(nodes), method if said else "")

    def shares(self, chosen: slice | npt.NDArray[np.bool_]) -> dict[str, float]:
        """Of some configurations; a parameter that does not move among them is left out."""
        scores = self.scores[chosen]
        own = [(d, c[chosen]) for d, c in self.columns.values() if np.ptp(c[chosen]) > 0]
        if not own or np.ptp(scores) == 0:
            return {}
        if self.method == "PED-ANOVA":
            return _ped_anova(own, scores)
        return {dimension.name: _alone(dimension, column, scores) for dimension, column in own}


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
