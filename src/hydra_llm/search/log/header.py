"""The header of an event log: what a sweep is, and the readable difference to what a later command asks for."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hydra_llm.search.log.events import Event, Header, Session, SessionSettings
from hydra_llm.search.log.events.upgrade import SCHEMA_VERSION
from hydra_llm.search.settings import Settings

PACKAGES = ("hydra-llm", "hydra-core", "omegaconf", "numpy", "openai", "optuna")


class IncompatibleSweepError(RuntimeError):
    """The folder holds a sweep that the present command does not continue; the message is a readable difference."""


def make_header(settings: Settings, argv: list[str], time: float) -> Header:
    objective = settings.objective
    return Header(
        time=time,
        schema=SCHEMA_VERSION,
        argv=tuple(argv),
        versions=_versions(),
        space_hash=settings.space.hash,
        space=settings.space.spec(),
        block_space=None if settings.block_space is None else settings.block_space.spec(),
        metric=objective.metric,
        direction=objective.direction,
        target=objective.target,
        seed=settings.seed,
        seed_keys=tuple(settings.seed_keys),
        identity=dict(settings.identity),
        objectives=settings.objectives,
    )


def make_session(settings: Settings, selection: str, proposer: str, argv: list[str], time: float) -> Session:
    told = SessionSettings(
        task=settings.task,
        n_trials=settings.n_trials,
        n_iter_block=settings.n_iter_block,
        n_parallel=settings.n_parallel,
        reward=settings.reward,
        selection=selection,
        thresholds=settings.thresholds,
        pruning=None if settings.pruning.rule is None else settings.pruning.rule.name,
        ceiling=settings.ceiling,
    )
    return Session(time=time, argv=tuple(argv), proposer=proposer, settings=told, schema=SCHEMA_VERSION)


def check_resume(resume: str, found: Sequence[Event], header: Header, folder: Path) -> None:
    """Raise IncompatibleSweepError unless a command with this header may go on from what the folder's log holds."""
    if resume not in ("auto", "must", "never"):
        raise ValueError(f"resume must be auto, must or never, got {resume!r}.")
    if found and resume == "never":
        raise IncompatibleSweepError(
            f"{folder} already holds a sweep and resume=never. Set hydra.sweep.dir to a new folder."
        )
    if not found and resume == "must":
        raise IncompatibleSweepError(
            f"{folder} holds no sweep to continue and resume=must. Check hydra.sweep.dir, or set resume=auto."
        )
    if found:
        check_compatible(found[0], header, folder)


def check_compatible(old: Event, new: Header, folder: Path) -> None:
    """Raise IncompatibleSweepError unless `new` continues `old`, the first event of a log: same space, objective, seed
    and fixed overrides.
    """
    if not isinstance(old, Header):
        raise IncompatibleSweepError(
            f"The log in {folder} must begin with a header, got an event of type {old.type}. "
            "Restore it from a copy, or set hydra.sweep.dir to a new folder to start anew."
        )
    names = ("metric", "direction", "target", "seed", "seed_keys")
    moved = [(name, getattr(old, name), getattr(new, name)) for name in names]
    moved += [("objectives", _goal(old), _goal(new))]
    lines = [f"  {name}: {a} -> {b}" for name, a, b in moved if a != b]
    lines += _space_difference(old.space, new.space)
    lines += _space_difference(old.block_space or [], new.block_space or [])
    before, after = old.identity, _as_json(new.identity)
    lines += [f"  {k}: {before.get(k)} -> {after.get(k)}" for k in {**before, **after} if before.get(k) != after.get(k)]
    if lines:
        raise IncompatibleSweepError(
            f"The sweep in {folder} is another one than this command describes (recorded -> now):\n"
            + "\n".join(lines)
            + "\nRun the recorded command to continue it, or set hydra.sweep.dir to a new folder to start anew."
        )


def _goal(header: Header) -> str | None:
    return None if header.objectives is None else header.objectives.goal


def _space_difference(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    before = {str(spec.get("name")): spec for spec in old}
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
