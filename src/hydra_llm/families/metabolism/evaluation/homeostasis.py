"""How well homeostasis was recovered: the slope and the offset of h(c) = -lambda (c - baseline), per metabolite type.

The learned h of a metabolite is read as a straight line over the range in which that metabolite was recorded. A
metabolite that barely varies says next to nothing about its slope, so that averages over a type weight each line by its
information, the variance of the recorded concentration; median and plain mean are reported beside it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

log = logging.getLogger(__name__)

# Limits of the published protocol for the average ratio; a limit belongs to the better class.
CONVERGED = (0.8, 1.2)
PARTIAL = (0.3, 3.0)


@dataclass(frozen=True)
class Lines:
    """h_i(c) = slope_i c + offset_i, each [metabolite]; information: weight of a line in the mean of its type."""

    slope: np.ndarray
    offset: np.ndarray
    information: np.ndarray


@dataclass(frozen=True)
class Regulation:
    """The truth per type: lambda [type] in 1 / time, baseline [type] in concentration; types [metabolite]."""

    rate: np.ndarray
    baseline: np.ndarray
    types: np.ndarray

    @classmethod
    def per_type(cls, rate: ArrayLike, baseline: ArrayLike, types: ArrayLike) -> "Regulation":
        """From values per metabolite, equal within a type."""
        own = np.asarray(types).ravel()
        _, first = np.unique(own, return_index=True)
        return cls(np.asarray(rate, dtype=np.float64)[first], np.asarray(baseline, dtype=np.float64)[first], own)

    @property
    def slope(self) -> np.ndarray:
        return -self.rate

    @property
    def offset(self) -> np.ndarray:
        return self.rate * self.baseline


def fit_lines(c: ArrayLike, h: ArrayLike, information: ArrayLike) -> Lines:
    """Least-squares lines through h [point, metabolite] over c [point, metabolite]; one that has no width is flat."""
    x, y = np.asarray(c, dtype=np.float64), np.asarray(h, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 2:
        raise ValueError(
            f"Concentrations and responses must be two [point, metabolite] of one shape, got {x.shape} and {y.shape}."
        )
    middle = x.mean(axis=0)
    width = ((x - middle) ** 2).sum(axis=0)
    slope = ((x - middle) * y).sum(axis=0) / np.where(width > 0, width, 1)
    return Lines(slope, y.mean(axis=0) - slope * middle, np.asarray(information, dtype=np.float64))


def slope_score(ratios: Sequence[float] | np.ndarray) -> float:
    """Mean over types of min(r, 1/r), 0 for r <= 0: what a search maximises.

    The average ratio cannot serve: (0.5, 1.5) and (0, 2) average to the perfect 1.
    """
    r = np.asarray(ratios, dtype=np.float64)
    positive = r > 0
    return float(np.where(positive, np.minimum(r, 1 / np.where(positive, r, 1)), 0).mean())


def verdict(avg_slope_ratio: float) -> str:
    """converged | partial | failed, by the limits of the published protocol."""
    for name, (low, high) in (("converged", CONVERGED), ("partial", PARTIAL)):
        if low <= avg_slope_ratio <= high:
            return name
    return "failed"


def homeostasis_metrics(lines: Lines, truth: Regulation, *, prefix: str = "") -> dict[str, float]:
    """Scores of learned lines against the truth, all after prefix ("oracle_" for an oracle).

    Per type T: MLP_node_slope_T, MLP_node_gt_slope_T and the same for offsets; slope_ratio_T and offset_ratio_T,
    learned over true, weighted by information, with _mean and _median over the metabolites of the type. Over types:
    avg_slope_ratio (as published), slope_score. Ratios to a true value of zero do not exist.
    """
    scores: dict[str, float] = {}
    ratios = []
    for number, t in enumerate(np.unique(truth.types)):
        own = truth.types == t
        weight = lines.information[own]
        weight = weight / weight.sum() if weight.sum() > 0 else np.full(own.sum(), 1 / own.sum())
        for name, learned, true in (
            ("slope", lines.slope[own], truth.slope[number]),
            ("offset", lines.offset[own], truth.offset[number]),
        ):
            scores[f"MLP_node_{name}_{t}"] = float((weight * learned).sum())
            scores[f"MLP_node_gt_{name}_{t}"] = float(true)
            if true == 0:
                log.info("Not reported: %s%s_ratio_%s, because the true value is zero.", prefix, name, t)
                continue
            ratio = learned / true
            scores[f"{name}_ratio_{t}"] = float((weight * ratio).sum())
            scores[f"{name}_ratio_{t}_mean"] = float(ratio.mean())
            scores[f"{name}_ratio_{t}_median"] = float(np.median(ratio))
            if name == "slope":
                ratios.append(scores[f"slope_ratio_{t}"])
    if len(ratios) == len(truth.rate):
        scores["avg_slope_ratio"] = float(np.mean(ratios))
        scores["slope_score"] = slope_score(ratios)
    return {f"{prefix}{name}": value for name, value in scores.items()}
