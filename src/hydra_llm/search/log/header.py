"""The header of an event log: what a sweep is, and the readable difference to what a later command asks for."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hydra_llm.search.log.events import SCHEMA_VERSION, Event
from hydra_llm.search.settings import Settings

PACKAGES = ("hydra-llm", "hydra-core", "omegaconf", "numpy", "openai", "optuna")


class IncompatibleSweepError(RuntimeError):
    """The folder holds a sweep that the present command does not continue; the message is a readable difference."""


def make_header(settings: Settings, argv: list[str], time: float) -> Event:
    objective = settings.objective
    return {
        "type": "header",
        "schema": SCHEMA_VERSION,
        "time": time,
        "argv": argv,
        "versions": _versions(),
        "space_hash": settings.space.hash,
        "space": settings.space.spec(),
        "block_space": None if settings.block_space is None else settings.block_space.spec(),
        "metric": objective.metric,
        "direction": objective.direction,
        "target": objective.target,
        "seed": settings.seed,
        "seed_keys": list(settings.seed_keys),
        "identity": dict(settings.identity),
    }


def session_settings(settings: Settings, selection: str) -> dict[str, Any]:
    """What a reader of the log needs beside the header; unlike the header it may change from session to session."""
    limits = settings.thresholds
    return {
        "task": settings.task,
        "n_trials": settings.n_trials,
        "n_iter_block": settings.n_iter_block,
        "n_parallel": settings.n_parallel,
        "reward": settings.reward,
        "selection": selection,
        "thresholds": None if limits is None else asdict(limits),
        **({} if settings.pruning.rule is None else {"pruning": settings.pruning.rule.name}),
    }


def check_compatible(old: Event, new: Event, folder: str) -> None:
    """Raise IncompatibleSweepError unless `new` continues `old`: same space, objective, seed and fixed overrides."""
    names = ("metric", "direction", "target", "seed", "seed_keys")
    lines = [f"  {n}: {old.get(n)} -> {new.get(n)}" for n in names if old.get(n) != new.get(n)]
    for name in ("space", "block_space"):
        lines += _space_difference(old.get(name) or [], new.get(name) or [])
    before, after = old.get("identity", {}), _as_json(new.get("identity", {}))
    lines += [f"  {k}: {before.get(k)} -> {after.get(k)}" for k in {**before, **after} if before.get(k) != after.get(k)]
    if lines:
        raise IncompatibleSweepError(
            f"The sweep in {folder} is another one than this command describes (recorded -> now):\n"
            + "\n".join(lines)
            + "\nRun the recorded command to continue it, or set hydra.sweep.dir to a new folder to start anew."
        )


def _space_difference(old: list[Mapping[str, Any]], new: list[Mapping[str, Any]]) -> list[str]:
    before = {spec["name"]: spec for spec in old}
    after = {spec["name"]: spec for spec in _as_json(new)}
    lines = []
    for name in {**before, **after}:
        if name not in after:
            lines.append(f"  parameter {name}: removed")
        elif name not in before:
            lines.append(f"  parameter {name}: added")
        else:
            a, b = before[name], after[name]
            moved = [k for k in {**a, **b} if k not in ("unit", "help") and a.get(k) != b.get(k)]
            lines += [f"  parameter {name}, {key}: {a.get(key)} -> {b.get(key)}" for key in moved]
    return lines


def _as_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
