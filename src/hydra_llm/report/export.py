"""Sweeps in the formats of other tools: CSV, Parquet, a study of Optuna."""

from __future__ import annotations

import csv
import datetime
import math
from pathlib import Path
from typing import Any

from hydra_llm.report.errors import ExportError
from hydra_llm.report.trial_table import rows
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.space.space import Categorical, Dimension, Float, Integer
from hydra_llm.search.trial.objectives import OneWay
from hydra_llm.search.trial.trial import Trial, TrialState


def to_csv(sweep: Sweep, path: Path) -> Path:
    """One row per trial; empty cells where there is nothing."""
    table = rows(sweep)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]) if table else ["trial"])
        writer.writeheader()
        writer.writerows(table)
    return path


def to_parquet(sweep: Sweep, path: Path) -> Path:
    """The same with types. Columns that mix kinds become text."""
    try:
        import pyarrow  # type: ignore[import-not-found]
        import pyarrow.parquet  # type: ignore[import-not-found]
    except ModuleNotFoundError:
        raise ExportError(
            "Parquet needs the package pyarrow: pip install 'hydra-llm[parquet]', or use --csv."
        ) from None
    table = rows(sweep)
    columns = {name: _of_one_kind([row[name] for row in table]) for name in (table[0] if table else ())}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def _of_one_kind(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return [None if value is None else float(value) for value in values] if float in kinds else values
    return values if len(kinds) <= 1 else [None if value is None else str(value) for value in values]


def to_optuna(sweep: Sweep, storage: str, name: str | None = None) -> str:
    """Add a study to a storage of Optuna (sqlite:///x.db opens in optuna-dashboard); returns the study's name.

    Search trials only. Failed ones are FAIL, stopped ones PRUNED with their last report as intermediate value; what
    Optuna has no place for (parent, mutation, role, hypothesis...) goes to user attributes.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    several = sweep.settings.objectives
    title = name or sweep.folder.resolve().name
    try:
        study = optuna.create_study(storage=storage, study_name=title, directions=_directions(sweep))
    except optuna.exceptions.DuplicatedStudyError:
        raise ExportError(
            f"{storage} holds a study {title!r} already. Choose another --name, or another file."
        ) from None
    except Exception as error:  # sqlalchemy's, for a storage that cannot be opened
        raise ExportError(f"{storage} cannot be opened ({type(error).__name__}: {error}).") from error
    study.set_metric_names(list(several.names) if several else [sweep.settings.objective.name])
    study.set_user_attr("sweep", str(sweep.folder.resolve()))
    study.add_trials([_frozen(sweep, trial) for trial in sweep.state.search_trials() if trial.state.is_finished])
    return title


def _directions(sweep: Sweep) -> list[OneWay]:
    """A target is exported as a distance that is maximised."""
    if sweep.settings.objectives is not None:
        return list(sweep.settings.objectives.directions)
    return ["minimize" if sweep.settings.objective.direction == "minimize" else "maximize"]


def _result(sweep: Sweep, trial: Trial, score: float | None) -> dict[str, Any]:
    """`value`, or `values` of several objectives, of a trial that completed."""
    several = sweep.settings.objectives
    if several is None or trial.state is not TrialState.COMPLETED:
        return {"value": score if trial.state is TrialState.COMPLETED else None}
    return {"value": None, "values": list(several.values(trial.metrics))}


def _frozen(sweep: Sweep, trial: Trial) -> Any:
    from optuna.trial import FrozenTrial
    from optuna.trial import TrialState as Theirs

    states = {TrialState.COMPLETED: Theirs.COMPLETE, TrialState.PRUNED: Theirs.PRUNED}
    state = states.get(trial.state, Theirs.FAIL)
    params, distributions = {}, {}
    for dimension in sweep.settings.space.dimensions:
        value = trial.values.get(dimension.name)
        distribution = _distribution(dimension, sweep)
        if (
            value is not None
            and distribution is not None
            and distribution._contains(distribution.to_internal_repr(value))
        ):
            params[dimension.name], distributions[dimension.name] = value, distribution
    score = trial.value
    if score is not None and sweep.settings.objective.direction == "target":
        score = sweep.settings.objective.score(score)  # a distance: larger is better
    number = trial.number
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        **_result(sweep, trial, score),
        datetime_start=_time(trial.started),
        datetime_complete=_time(trial.ended) or _time(trial.started) or datetime.datetime.fromtimestamp(0),
        params=params,
        distributions=distributions,
        user_attrs=_attributes(trial),
        system_attrs={},
        intermediate_values={0: score} if state is Theirs.PRUNED and score is not None and math.isfinite(score) else {},
    )


def _attributes(trial: Trial) -> dict[str, Any]:
    proposal = trial.proposal
    facts: dict[str, Any] = {
        "number": trial.number,
        "state": trial.state.value,
        "block": trial.block,
        "parent": proposal.parent,
        "mutation": proposal.mutation,
        "role": proposal.role,
        "strategy": proposal.strategy,
        "proposer": str(proposal.provenance),
        "hypothesis": proposal.hypothesis,
        "seeds": trial.seeds,
        "error": None if trial.error is None else str(trial.error),
        **{f"metric/{name}": value for name, value in trial.metrics.items()},
    }
    return {name: value for name, value in facts.items() if value not in (None, "", {})}


def _distribution(dimension: Dimension, sweep: Sweep) -> Any:
    """Optuna's distribution; a range is widened to what was really run, since a baseline may lie outside. None for
    choices that Optuna cannot hold.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    ran = [trial.values.get(dimension.name) for trial in sweep.state.trials.values()]
    ran = [value for value in ran if value is not None]
    if isinstance(dimension, Categorical):
        choices = list(dict.fromkeys([*dimension.choices, *ran]))
        plain = all(isinstance(choice, str | int | float | bool) or choice is None for choice in choices)
        return CategoricalDistribution(choices) if plain else None
    if isinstance(dimension, Float | Integer):
        low, high = min([dimension.low, *ran]), max([dimension.high, *ran])
        log = dimension.log and low > 0
        if isinstance(dimension, Integer):
            return IntDistribution(int(low), int(high), log=log)
        return FloatDistribution(float(low), float(high), log=log)
    return None


def _time(seconds: float | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds)
