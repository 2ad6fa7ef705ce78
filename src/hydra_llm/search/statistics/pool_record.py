"""How a language model's own choices do beside those of the Gaussian process that it was shown.

The process's choice does not run where the model decides otherwise, so both comparisons are with what was expected of
it: before the run, expectation against expectation; after it, the result against that expectation. One run is noisy,
so single results decide nothing; the count of many does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial

MODEL = "llm"


@dataclass(frozen=True)
class PoolRecord:
    """Of new configurations by a model that stood beside a choice of the pool; reruns compete with nothing.

    `taken` are from the pool's candidates, `own` beyond them. Of its own: `ahead` were expected to be better than the
    pool's choice; of those that ended with a value, `ended`, `better` came out better than was expected of that choice,
    `inside` within the interval expected of themselves. `overruled` are proposals that the pool's score put behind its
    own choice.
    """

    taken: int = 0
    own: int = 0
    ahead: int = 0
    ended: int = 0
    better: int = 0
    inside: int = 0
    overruled: int = 0

    @property
    def line(self) -> str:
        """One sentence, "" where there is nothing to compare."""
        if not self.taken + self.own + self.overruled:
            return ""
        parts = []
        if self.taken + self.own:
            parts.append(f"{self.taken} of {self.taken + self.own} choices of the model were the pool's")
        if self.own:
            parts.append(f"of its own {self.own} the process expected {self.ahead} to beat the pool's choice")
        if self.ended:
            parts.append(
                f"{self.better} of {self.ended} came out above what was expected of it, {self.inside} within their own "
                "interval"
            )
        if self.overruled:
            parts.append(f"{self.overruled} of the model's proposals lost to the pool's choice")
        return "; ".join(parts)


def pool_record(trials: Iterable[Trial], objective: Objective) -> PoolRecord:
    """Over the search trials among these."""
    found = [t for t in trials if t.purpose == "search" and t.proposal.standing is not None]
    beside = [t for t in found if t.proposal.provenance.source == MODEL and _best(t) is not None and t.proposal.changes]
    own = [t for t in beside if t.proposal.standing is not None and t.proposal.standing.place is None]
    ended = [t for t in own if t.value is not None]
    return PoolRecord(
        taken=len(beside) - len(own),
        own=len(own),
        ahead=sum(is_ahead(t, objective) is True for t in own),
        ended=len(ended),
        better=sum(came_out_better(t, objective) is True for t in ended),
        inside=sum(_is_inside(t, objective) for t in ended),
        overruled=sum(t.proposal.provenance.via == MODEL for t in found),
    )


def is_ahead(trial: Trial, objective: Objective) -> bool | None:
    """Whether more was expected of a trial than of the pool's choice; None without one."""
    standing, best = trial.proposal.standing, _best(trial)
    if standing is None or best is None:
        return None
    return _expected_score(standing.expected.median, objective) > _expected_score(best, objective)


def came_out_better(trial: Trial, objective: Objective) -> bool | None:
    """Whether a trial's value is better than was expected of the pool's choice; None while there is none."""
    best = _best(trial)
    if best is None or trial.value is None:
        return None
    return objective.score(trial.value) > _expected_score(best, objective)


def standing_text(trial: Trial, objective: Objective) -> str:
    """The standing of a trial in words, "" without one."""
    standing = trial.proposal.standing
    if standing is None:
        return ""
    expected = standing.expected
    text = f"expected {expected.median:.4g} ({expected.low:.4g} to {expected.high:.4g})"
    if standing.place is not None:
        return f"{text}; candidate {standing.place} of the pool"
    if standing.best is None:
        return text
    text += f"; of the pool's choice {standing.best.median:.4g}"
    better = came_out_better(trial, objective)
    return text if better is None else f"{text}, which this {'beat' if better else 'did not beat'}"


def _best(trial: Trial) -> float | None:
    standing = trial.proposal.standing
    return None if standing is None or standing.best is None else standing.best.median


def _expected_score(value: float, objective: Objective) -> float:
    """An expectation is of the distance where the metric has a target (Objective.value_of_score)."""
    return -value if objective.direction == "target" else objective.score(value)


def _is_inside(trial: Trial, objective: Objective) -> bool:
    standing = trial.proposal.standing
    if standing is None or trial.value is None:
        return False
    value = objective.value_of_score(objective.score(trial.value))
    return standing.expected.low <= value <= standing.expected.high
