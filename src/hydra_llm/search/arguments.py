"""What a study in memory is asked to do, from arguments that a program wrote: each is checked, with a sentence."""

from __future__ import annotations

import difflib
from dataclasses import fields
from numbers import Integral
from typing import Any

from hydra_llm.search.enqueued import check_enqueued
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.settings import Confirmation, Settings, Stop
from hydra_llm.search.space.handwritten import handwritten
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives

KNOWN = tuple(field.name for field in fields(Settings))
LISTS = ("seed_keys", "show", "focus", "enqueue")
KINDS = {"confirmation": Confirmation, "stop": Stop, "pruning": Pruning}


def settings_in_memory(space: Space, objective: Objective | Objectives | None, **given: Any) -> Settings:
    """`given` are fields of Settings. Raises ValueError, with a sentence, for an argument that cannot be."""
    for name in given:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(KNOWN)}."
            raise ValueError(f"{name} is not a setting of a study. {hint}")
    if not isinstance(objective, Objective | Objectives | None):
        example = f"Objective({objective!r})" if isinstance(objective, str) else 'Objective("accuracy", "maximize")'
        raise ValueError(
            f"objective must be a hydra_llm.Objective or Objectives, such as {example}, got {objective!r}."
        )
    for name in LISTS:
        if not isinstance(given.get(name, ()), list | tuple):
            raise ValueError(f"{name} must be a list, such as [{given[name]!r}], got {given[name]!r}.")
        if name in given:
            given[name] = tuple(given[name])
    if given.get("n_parallel") == "auto":
        raise ValueError("n_parallel must be a whole number in memory, where no launcher has places, got 'auto'.")
    for name, kind in KINDS.items():
        if not isinstance(given.get(name, kind()), kind):
            raise ValueError(f"{name} must be a {kind.__module__}.{kind.__name__}, got {given[name]!r}.")
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


def _plain(value: Any) -> Any:
    """A whole number of numpy's as Python's."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value
