"""The sweep as a run of Weights & Biases, beside those of its trials: tables, tree, curve, cost, memory, protocol.

Written from the sweep's folder, so it can be written while a sweep runs, at its end, or a year later. The run keeps one
id: writing again continues it. wandb is imported here and nowhere else in the search.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra_llm.report.errors import ExportError
from hydra_llm.report.sections.cost import cost
from hydra_llm.report.sections.curve import steps
from hydra_llm.report.timeline import timeline
from hydra_llm.report.trial_table import rows
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.memory.predictions import forecasts
from hydra_llm.search.records import confirmation
from hydra_llm.search.tree.front import ParetoFront

JOB_TYPE = "sweep"
ARTIFACTS = {
    "events": ("events.jsonl", "optimization_results.yaml", "ucb_scores.txt", "variance.md", "analysis.md"),
    "memory": ("memory.md", "memory/*.md"),
    "protocol": ("protocol/*.md",),
}


def write_run(
    sweep: Sweep,
    *,
    project: str,
    entity: str | None = None,
    mode: str = "offline",
    tags: Sequence[str] = (),
    choices: Mapping[str, str] | None = None,
    init_timeout_s: float = 30.0,
) -> str:
    """Returns the folder of the run. mode: online | offline. tags: beside `sweep`. choices: options of the
    application's config groups, for its config. Raises ExportError when W&B cannot take it, or does not
    answer within `init_timeout_s`.
    """
    try:
        import wandb
    except ModuleNotFoundError:
        raise ExportError("W&B is not installed: pip install wandb, or 'hydra-llm[science]'.") from None
    os.environ.setdefault("WANDB_SILENT", "true")
    name = sweep.folder.resolve().name
    settings = wandb.Settings(console="off", x_disable_stats=True, init_timeout=init_timeout_s)
    try:
        run = wandb.init(
            project=project,
            entity=entity,
            id=hashlib.sha256(str(sweep.folder.resolve()).encode()).hexdigest()[:16],
            name=name,
            group=name,
            job_type=JOB_TYPE,
            tags=[JOB_TYPE, *tags],
            dir=str(sweep.folder),
            config=_config(sweep) | ({"choices": dict(choices)} if choices else {}),
            mode=mode,  # type: ignore[arg-type]
            reinit="create_new",  # a trial of this process may have a run of its own
            settings=settings,
        )
    except (wandb.Error, OSError) as error:
        raise ExportError(f"W&B does not take the run of the sweep ({error}). `hydra-llm sync` tries again.") from None
    try:
        for row in progress(sweep) if sweep.settings.objectives is None else _front_progress(sweep):
            run.log(row)
        for key, content in _tables(sweep).items():
            if content:
                columns, data = _table(content)
                run.log({key: wandb.Table(columns=[*columns], data=data)})
        run.log({f"tree/{path.stem}": wandb.Image(str(path)) for path in _trees(sweep.folder)})
        run.summary.update(_summary(sweep))
        for kind, patterns in ARTIFACTS.items():
            _artifact(run, kind, name, [path for pattern in patterns for path in sorted(sweep.folder.glob(pattern))])
    finally:
        run.finish()
    return str(Path(run.settings.sync_dir))


def _config(sweep: Sweep) -> dict[str, Any]:
    names = ("metric", "direction", "target", "space", "block_space", "seed", "seed_keys", "identity")
    several = sweep.settings.objectives
    own = {} if several is None else {"metric": list(several.names), "direction": list(several.directions)}
    return {name: getattr(sweep.header, name) for name in names} | own | sweep.parts


def progress(sweep: Sweep) -> Iterator[dict[str, float]]:
    """A row per result: the best mean so far, of the sweep and of the block, in the metric's own unit, and the noise of
    a single run.
    """
    objective = sweep.settings.objective
    best: dict[int, float] = {}  # score by block

    def value(score: float) -> float:
        return score if objective.direction == "target" else objective.value_of_score(score)

    for step in steps(sweep, timeline(sweep.events)):
        best[step.block] = step.best
        row = {"result": float(step.step), "block": float(step.block)}
        row |= {"best_so_far": value(max(best.values())), "best_of_block": value(step.best)}
        yield row if step.noise is None else {**row, "noise": step.noise}


def _front_progress(sweep: Sweep) -> Iterator[dict[str, float]]:
    """With several objectives a row per result: each under its own name, and how many configurations were on the front
    by then.
    """
    several, state = sweep.settings.objectives, sweep.state
    assert several is not None
    front = ParetoFront(sweep.settings.space, several)
    for step, number in enumerate(timeline(sweep.events).order, start=1):
        trial = state.trials[number]
        if trial.value is None:
            continue
        front.take(trial)
        row = {"result": float(step), "block": float(trial.block), "front/size": float(len(front.members))}
        yield row | dict(zip(several.names, several.values(trial.metrics), strict=True))


def _tables(sweep: Sweep) -> dict[str, list[dict[str, Any]]]:
    return {"trials": rows(sweep), "variance": _variance(sweep), "hypotheses": _hypotheses(sweep)}


def _variance(sweep: Sweep) -> list[dict[str, Any]]:
    """Configurations that ran more than once."""
    return [
        {
            "block": index,
            "node": node.id,
            "runs": node.runs,
            "mean score": node.mean,
            "std": node.std,
            "cv": node.cv,
            "failures": node.failures,
            "trials": ", ".join(map(str, node.trials)),
        }
        for index, tree in sweep.state.trees.items()
        for node in tree
        if node.runs > 1
    ]


def _hypotheses(sweep: Sweep) -> list[dict[str, Any]]:
    return [
        {
            "trial": f.number,
            "block": f.block,
            "statement": f.prediction.statement,
            "low": f.prediction.low,
            "high": f.prediction.high,
            "refuted_if": f.prediction.refuted_if,
            "value": f.value,
            "status": f.status,
            "log_score": f.log_score,
        }
        for f in forecasts(sweep.state)
    ]


def _table(content: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """(columns, data); cells of mixed kinds become text, as W&B wants one kind per column."""
    columns = list(content[0])
    data = [[row[column] for column in columns] for row in content]
    for place in range(len(columns)):
        kinds = {type(row[place]) for row in data if row[place] is not None}
        if kinds <= {int, float}:
            continue
        if len(kinds) > 1 or not kinds <= {str, bool}:
            for row in data:
                row[place] = None if row[place] is None else str(row[place])
    return columns, data


def _summary(sweep: Sweep) -> dict[str, Any]:
    """selected/* is what the search saw; confirmed/* comes from fresh seeds."""
    state, objective = sweep.state, sweep.settings.objective
    found: dict[str, Any] = {"trials": len(state.search_trials()), "ended": sweep.ended, **_cost(sweep)}
    best = state.best()
    if sweep.settings.objectives is not None:
        return found | {"front/size": len(state.front), "front/trials": [member.number for member in state.front]}
    if best is not None:
        found |= {"best/trial": best.number, f"selected/{objective.name}": best.value}
        found |= {f"best/{key}": value for key, value in best.values.items()}
    for item in confirmation.compare(state):
        found |= {
            f"confirmed/{item.budget}/best": None if item.best is None else item.best.mean,
            f"confirmed/{item.budget}/baseline": item.baseline.mean,
            f"confirmed/{item.budget}/difference": item.difference,
        }
    return {key: value for key, value in found.items() if value is not None}


def _cost(sweep: Sweep) -> dict[str, Any]:
    found = cost(sweep, timeline(sweep.events))
    asked = found.questions
    return {
        "cost/run_hours": found.run_seconds / 3600,
        "cost/llm_calls": asked.calls,
        "cost/llm_tokens": asked.prompt_tokens + asked.completion_tokens,
        "cost/llm_money": asked.cost,
    }


def _trees(folder: Path) -> list[Path]:
    return sorted((folder / "figures").glob("tree_block_*.png"))


def _artifact(run: Any, kind: str, name: str, paths: Sequence[Path]) -> None:
    if not paths:
        return
    import wandb

    artifact = wandb.Artifact(f"{name}-{kind}", type=kind)
    for path in paths:
        artifact.add_file(str(path), name=path.name)
    run.log_artifact(artifact)
