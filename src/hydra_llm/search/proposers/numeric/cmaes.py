"""CMA-ES: a normal distribution over configurations; mean and covariance follow the better half of each generation.

Hansen & Ostermeier (2001), from the package `cmaes`. The state is a fold over the trials: the first finished runs that
this proposer asked for make up the first generation, and so on, so a resumed sweep rebuilds it exactly. A failed run
counts as the worst of its generation. Unordered choices have no covariance: they are the incumbent's or drawn, half and
half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import ProposerError
from hydra_llm.search.proposers.numeric.numeric import PointProposer
from hydra_llm.search.space.dimension import Dimension
from hydra_llm.search.space.positions import is_ordered, position, value_at
from hydra_llm.search.space.space import Values
from hydra_llm.search.trial.seeds import derive
from hydra_llm.search.trial.trial import Proposal, Trial

SIGMA = 0.25  # first standard deviation, as a share of each range
LEAST_DIMENSIONS = 2


def build(settings: Mapping[str, Any]) -> CmaEsProposer:
    """Takes no settings of its own. Raises ValueError, with a sentence, where the package is missing."""
    if find_spec("cmaes") is None:
        raise ValueError(
            "proposer=cmaes needs the package cmaes. Run `pip install cmaes`, or choose proposer=tpe, "
            "which needs nothing more."
        )
    return CmaEsProposer()


class CmaEsProposer(PointProposer):
    name: str = "cmaes"
    weighs_alike: bool = True  # its generations follow one slope

    def __init__(self) -> None:
        super().__init__()
        self._optimizer: Any = None  # cmaes.CMA
        self._used: list[Proposal] = []  # what the optimizer has been told, generation after generation

    def suggestions(self, context: Context, slot: Slot) -> Iterator[Values]:
        ordered = [d for d in context.space.free() if is_ordered(d)]
        others = [d for d in context.space.free() if not is_ordered(d)]
        if len(ordered) < LEAST_DIMENSIONS:
            raise ProposerError(
                f"CMA-ES needs at least {LEAST_DIMENSIONS} numeric or ordered parameters, this space has "
                f"{len(ordered)} ({', '.join(d.name for d in ordered) or 'none'}). Choose proposer=tpe."
            )
        optimizer = self._folded(context, ordered)
        return self._draws(context, slot, optimizer, ordered, others)

    def _draws(
        self, context: Context, slot: Slot, optimizer: Any, ordered: list[Dimension], others: list[Dimension]
    ) -> Iterator[Values]:
        rng = context.rng(slot.index)
        optimizer.reseed_rng(int(rng.integers(2**31)))
        best = context.tree.best()
        while True:
            point = optimizer.ask()
            values = {d.name: value_at(d, float(x)) for d, x in zip(ordered, point, strict=True)}
            for dimension in others:
                keep = best is not None and dimension.name in best.values and rng.random() < 0.5
                values[dimension.name] = best.values[dimension.name] if keep and best else dimension.sample(rng)
            yield values

    def _folded(self, context: Context, ordered: list[Dimension]) -> Any:
        """The optimizer after all complete generations; what it was told already is not told again."""
        own = [t for t in context.finished if t.proposal.strategy == self.name and _counts(t)]
        if self._optimizer is None or any(a.proposal is not b for a, b in zip(own, self._used, strict=False)):
            self._optimizer, self._used = _fresh(context, ordered), []
        size = self._optimizer.population_size
        while len(own) - len(self._used) >= size:
            generation = own[len(self._used) : len(self._used) + size]
            self._optimizer.tell(_told(context, generation, ordered))
            self._used += [trial.proposal for trial in generation]
        return self._optimizer


def _counts(trial: Trial) -> bool:
    return trial.value is not None or trial.state.is_bad


def _fresh(context: Context, ordered: list[Dimension]) -> Any:
    baseline = context.space.baseline()
    mean = np.nan_to_num(np.array([position(d, baseline.get(d.name)) for d in ordered]), nan=0.5)
    bounds = np.array([[0.0, 1.0]] * len(ordered))
    seed = derive(context.seed, "cmaes", context.block.index)
    return import_module("cmaes").CMA(mean=mean, sigma=SIGMA, bounds=bounds, seed=seed)


def _told(context: Context, generation: list[Trial], ordered: list[Dimension]) -> list[tuple[Any, float]]:
    """(point, loss) of a generation; the package minimises."""
    losses = [None if t.value is None else -context.objective.score(t.value) for t in generation]
    worst = max((loss for loss in losses if loss is not None), default=0.0)
    points = [
        np.nan_to_num(np.array([position(d, t.values.get(d.name)) for d in ordered]), nan=0.5) for t in generation
    ]
    return [(point, worst if loss is None else loss) for point, loss in zip(points, losses, strict=True)]
