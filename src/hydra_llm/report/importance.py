"""How much each parameter matters for the metric, by Optuna's functional ANOVA over the trials that were run.

Scores are taken relative to the mean of their block, because another regime shifts all of them. Functional ANOVA
(Hutter, Hoos & Leyton-Brown 2014) needs scikit-learn; without it PED-ANOVA (Watanabe, Bansal & Hutter 2023) is used,
which asks what sets the better tenth of the trials apart. A search looks where results are good, so importances hold
for the region that it looked at.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra_llm.search.objective import Objective
from hydra_llm.search.reading import Sweep
from hydra_llm.search.trial import Trial

LEAST_TRIALS = 8
SEED = 0


@dataclass(frozen=True)
class Importance:
    """Shares that add up to one, largest first; `reason` says why there are none."""

    shares: dict[str, float]
    method: str = ""
    reason: str = ""
    trials: int = 0


def importance(sweep: Sweep) -> Importance:
    free = [dimension.name for dimension in sweep.settings.space.free()]
    scored = [trial for trial in sweep.state.search_trials() if trial.value is not None]
    varied = [name for name in free if len({str(trial.values.get(name)) for trial in scored}) > 1]
    if len(scored) < LEAST_TRIALS:
        return Importance({}, reason=f"{len(scored)} trials with a value are too few; it takes {LEAST_TRIALS}.")
    if len(varied) < 2:
        return Importance({}, reason="Only one parameter was varied, so there is nothing to compare it with.")
    centred = _centred(scored, sweep.settings.objective)
    if len({trial.value for trial in centred}) < 2:
        return Importance({}, reason="All values are equal, so no parameter matters.")
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

    from hydra_llm.search.proposers.optuna_mirror import OptunaMirror, quiet

    mirror = OptunaMirror(sweep.settings.space, Objective("score"))
    mirror.follow(centred)
    inside = mirror.study.get_trials(deepcopy=False)  # a baseline outside the declared ranges is left out
    if len(inside) < LEAST_TRIALS:
        return Importance({}, reason=f"{len(inside)} trials inside the declared ranges are too few.")
    fanova = importlib.util.find_spec("sklearn") is not None
    with quiet():
        evaluator = FanovaImportanceEvaluator(seed=SEED) if fanova else PedAnovaImportanceEvaluator()
        found = get_param_importances(mirror.study, evaluator=evaluator)
    method = "functional ANOVA" if fanova else "PED-ANOVA"
    return Importance({name: float(share) for name, share in found.items()}, method, trials=len(inside))


def _centred(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    by_block: dict[int, list[float]] = {}
    for trial in trials:
        assert trial.value is not None  # the caller asked for it
        by_block.setdefault(trial.block, []).append(objective.score(trial.value))
    means = {block: sum(scores) / len(scores) for block, scores in by_block.items()}
    return [replace(t, value=objective.score(t.value or 0.0) - means[t.block]) for t in trials]
