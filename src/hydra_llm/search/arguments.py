"""What a study in memory is asked to do, from arguments that a program wrote: each is checked, with a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any, get_args, get_type_hints

from hydra_llm.keys.sweeper import SEARCH, SWEEPER
from hydra_llm.search.collapse import Collapse
from hydra_llm.search.context import Thresholds
from hydra_llm.search.enqueued import check_enqueued
from hydra_llm.search.log_format import Format
from hydra_llm.search.meaning import Meaning
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.settings import Confirmation, Settings, Stop
from hydra_llm.search.space.handwritten import handwritten
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.triggers import MetricTrigger

KNOWN = tuple(field.name for field in fields(Settings))
HINTS = get_type_hints(Settings)
LISTS = {"seed_keys": str, "show": str, "focus": MetricTrigger, "enqueue": object}  # field -> what it is a list of
KEYS = {**SWEEPER, **SEARCH}  # of a configuration, where null stands for the default
KINDS = {
    "confirmation": Confirmation,
    "stop": Stop,
    "pruning": Pruning,
    "meaning": Meaning,
    "log_format": Format,
    "thresholds": Thresholds | None,
    "collapse": Collapse | None,
    "task": str,
} | dict.fromkeys(("slot_params", "told", "constants", "identity"), Mapping)


def settings_in_memory(space: Space, objective: Objective | Objectives | None, **given: Any) -> Settings:
    """`given` are fields of Settings. Raises ValueError, with a sentence, for an argument that cannot be."""
    for name in given:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(KNOWN)}."
            raise ValueError(f"{name} is not a setting of a study. {hint}")
    given = {name: value for name, value in given.items() if value is not None or not _stands_for_default(name)}
    if not isinstance(objective, Objective | Objectives | None):
        example = f"Objective({objective!r})" if isinstance(objective, str) else 'Objective("accuracy", "maximize")'
        raise ValueError(
            f"objective must be a hydra_llm.Objective or Objectives, such as {example}, got {objective!r}."
        )
    for name in LISTS.keys() & given.keys():
        if not isinstance(given[name], list | tuple):
            raise ValueError(f"{name} must be a list, such as [{given[name]!r}], got {given[name]!r}.")
        for place, item in enumerate(given[name]):
            _check_kind(f"{name}[{place}]", item, LISTS[name])
        given[name] = tuple(given[name])
    if given.get("n_parallel") == "auto":
        raise ValueError("n_parallel must be a whole number in memory, where no launcher has places, got 'auto'.")
    for name in KINDS.keys() & given.keys():
        _check_kind(name, given[name], KINDS[name])
    space = handwritten(space)
    if given.get("block_space") is not None:
        given["block_space"] = handwritten(given["block_space"], "block_space")
    for place, values in enumerate(given.get("enqueue", ())):
        check_enqueued(f"enqueue[{place}]", values, space)
    return Settings(
        space=space,
        objective=objective.scalar if isinstance(objective, Objectives) else objective or Objective(),
        objectives=objective if isinstance(objective, Objectives) else None,
        **{name: _plain(value) for name, value in given.items()},
    )


def _stands_for_default(name: str) -> bool:
    """Whether None, which the key of a configuration takes, is no value that the field of Settings holds itself."""
    return name in KEYS and KEYS[name].nullable and type(None) not in _kinds(name)


def _kinds(name: str) -> tuple[Any, ...]:
    """What a field of Settings is declared to hold."""
    declared = HINTS[name]
    return get_args(declared) or (declared,)


def _check_kind(name: str, value: Any, kind: Any) -> None:
    """Raise ValueError unless the value is of the kind, a class or a union of one with None."""
    if isinstance(value, kind):
        return
    (plain,) = [one for one in get_args(kind) or (kind,) if one is not type(None)]
    words = {str: "a text", Mapping: "a mapping"}.get(plain, f"a {plain.__module__}.{plain.__name__}")
    raise ValueError(f"{name} must be {words}{' or None' if plain is not kind else ''}, got {value!r}.")


def _plain(value: Any) -> Any:
    """A whole number of numpy's as Python's."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value
