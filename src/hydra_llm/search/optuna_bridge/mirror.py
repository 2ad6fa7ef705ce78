"""An Optuna study that mirrors the search trials of one block, in memory.

It is derived from the trials and holds nothing that they do not say, so it can be thrown away and built again at any
time; kept between decisions it takes only what is new. Scores are told, so larger is better whatever the objective.
Runs that failed are told as pruned without a value, which Optuna's samplers count as worse than every score. Running
ones stay open, so that parallel slots spread.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, canonical_number
from hydra_llm.search.space.space import Space, Values
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Proposal, Trial


class OptunaMirror:
    def __init__(self, space: Space, objective: Objective) -> None:
        self._space = space
        self._objective = objective
        self._distributions = {d.name: _distribution(d) for d in space.free()}
        self._taken: dict[int, Proposal] = {}  # by trial number: what is in the study
        self._values: dict[int, float | None] = {}  # of those that ended, as they were told
        self._open: dict[int, int] = {}  # trial number -> number in the study, of running trials
        self._asked: list[int] = []  # suggestions of the present decision, by number in the study
        with quiet():
            self._study = optuna.create_study(direction="maximize")

    def matches(self, space: Space, trials: Sequence[Trial]) -> bool:
        """Whether these trials continue the ones that were mirrored so far."""
        if space is not self._space and space.hash != self._space.hash:
            return False
        present = {trial.number: trial for trial in trials}
        if any(number not in present for number in self._taken):
            return False
        same = all(present[number].proposal is proposal for number, proposal in self._taken.items())
        return same and all(present[number].value == value for number, value in self._values.items())

    def follow(self, trials: Sequence[Trial]) -> None:
        """Take what is new: trials that were launched, and how running ones ended."""
        for trial in trials:
            if trial.number not in self._taken:
                self._enter(trial)
            elif trial.number in self._open and trial.state.is_finished:
                state, score = self._ending(trial)
                self._values[trial.number] = trial.value
                self._study.tell(self._open.pop(trial.number), score, state=state)

    def suggestions(self, sampler: BaseSampler) -> Iterator[Values]:
        """Configurations that the sampler suggests, one after the other. Each stays open, as if it were running, until
        `release`, so that the next one keeps away from it.
        """
        self._study.sampler = sampler
        while True:
            suggested = self._study.ask(self._distributions)
            self._asked.append(suggested.number)
            yield {name: self._decoded(name, suggested.params[name]) for name in self._distributions}

    def release(self) -> None:
        """Forget what was suggested: what of it really runs comes back as a trial."""
        while self._asked:
            self._study.tell(self._asked.pop(), state=OptunaState.FAIL)

    def _enter(self, trial: Trial) -> None:
        self._taken[trial.number] = trial.proposal
        point = self._encoded(trial.values)
        if point is None:
            return  # a baseline outside the declared ranges is no point of the sampler's space
        state, score = self._ending(trial)
        of_point = {name: self._distributions[name] for name in point}
        self._study.add_trial(create_trial(state=state, value=score, params=point, distributions=of_point))
        if state is not OptunaState.RUNNING:
            self._values[trial.number] = trial.value
        else:
            self._open[trial.number] = len(self._study.get_trials(deepcopy=False)) - 1

    def _ending(self, trial: Trial) -> tuple[OptunaState, float | None]:
        if not trial.state.is_finished:
            return OptunaState.RUNNING, None
        if trial.value is not None:
            return OptunaState.COMPLETE, self._objective.score(trial.value)
        return (OptunaState.PRUNED if trial.state.is_bad else OptunaState.FAIL), None

    def _encoded(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The active free parameters as Optuna's values, None if one of them lies outside its range."""
        point: dict[str, Any] = {}
        for name, distribution in self._distributions.items():
            if name not in values:
                continue
            dimension = self._space[name]
            if isinstance(dimension, Categorical):
                inner = dimension.index(values[name])
            else:
                inner = canonical_number(values[name])
                inner = int(inner) if inner is not None and isinstance(dimension, Integer) else inner
            if inner is None or not distribution._contains(distribution.to_internal_repr(inner)):
                return None
            point[name] = inner
        return point

    def _decoded(self, name: str, inner: Any) -> Any:
        dimension = self._space[name]
        return dimension.choices[inner] if isinstance(dimension, Categorical) else inner


def _distribution(dimension: Dimension) -> BaseDistribution:
    """Choices by index, because Optuna takes no lists or mappings as choices."""
    if isinstance(dimension, Categorical):
        last = len(dimension.choices) - 1
        return IntDistribution(0, last) if dimension.ordered else CategoricalDistribution(list(range(last + 1)))
    if isinstance(dimension, Integer):
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    assert isinstance(dimension, Float)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's lines about studies made in memory and options that it calls experimental."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)
