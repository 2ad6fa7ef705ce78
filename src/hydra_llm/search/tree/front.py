"""What a search with several objectives has found: its Pareto front, and the distance of each trial to the ideal point.

Both are folds over the trials that completed. The front is of configurations, with the mean over the runs of each, so
that a lucky run of one is corrected by the next; a distance is that of one run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import TrialState
from hydra_llm.search.trial.tradeoff import Array, Frame, even_weights, non_dominated
from hydra_llm.search.trial.trial import Trial


@dataclass(frozen=True)
class FrontMember:
    """A configuration that no other one beats: the number of its first trial, its `runs`, and the means of its
    objectives in their own units.
    """

    number: int
    values: tuple[float, ...]
    runs: int


class ParetoFront:
    def __init__(self, space: Space, objectives: Objectives) -> None:
        self.objectives = objectives
        self._space = space
        self._runs: dict[str, list[Trial]] = {}  # by configuration, in the order in which they ended
        self._members: list[FrontMember] = []
        self._frame: Frame | None = None

    def take(self, trial: Trial) -> bool:
        """Enter a finished search trial; whether distances changed by it."""
        if not self._counts(trial):
            return False
        runs = self._runs.setdefault(self._space.key(trial.values), [])
        runs.append(trial)
        if len(runs) == 1 and self._beats(trial):
            return False
        before = self._frame
        self._find()
        return self._frame != before

    @property
    def members(self) -> list[FrontMember]:
        """Ordered by the first objective, its best value first."""
        return list(self._members)

    def valued(self, trials: Iterable[Trial], weights: Array | None = None) -> list[Trial]:
        """The trials with their distance to the ideal point as their value, under equal weights unless others are
        given; those that did not complete as they are.
        """
        found = list(trials)
        places = [place for place, trial in enumerate(found) if self._counts(trial)]
        if self._frame is None or not places:
            return found
        losses = np.array([self._losses(found[place]) for place in places])
        chosen = even_weights(losses.shape[1]) if weights is None else weights
        for place, distance in zip(places, self._frame.distance(losses, chosen), strict=True):
            trial = found[place]
            assert trial.outcome is not None  # it completed
            found[place] = replace(trial, outcome=replace(trial.outcome, value=float(distance)))
        return found

    def _counts(self, trial: Trial) -> bool:
        return trial.state is TrialState.COMPLETED and all(name in trial.metrics for name in self.objectives.names)

    def _beats(self, trial: Trial) -> bool:
        """Whether a member of the front is better in every objective, so that the trial moves nothing but the rest."""
        if self._frame is None:
            return False
        mine = np.array(self._losses(trial))
        return any((np.array(self.objectives.losses(m.values)) < mine).all() for m in self._members)

    def _losses(self, trial: Trial) -> tuple[float, ...]:
        return self.objectives.losses(self.objectives.values(trial.metrics))

    def _find(self) -> None:
        found = [self._mean(runs) for runs in self._runs.values()]
        losses = np.array([self.objectives.losses(member.values) for member in found])
        kept = [member for member, keep in zip(found, non_dominated(losses), strict=True) if keep]
        self._members = sorted(kept, key=lambda member: (self.objectives.losses(member.values), member.number))
        self._frame = Frame.of(losses)

    def _mean(self, runs: Iterable[Trial]) -> FrontMember:
        every = sorted(runs, key=lambda trial: trial.number)
        values = np.array([self.objectives.values(trial.metrics) for trial in every]).mean(axis=0)
        return FrontMember(every[0].number, tuple(map(float, values)), len(every))
