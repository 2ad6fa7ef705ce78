"""What is searched, as spaces: params and slot_params within a block, block_params between blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from omegaconf import DictConfig

from hydra_llm.search.space.space import Categorical, Dimension, Space
from hydra_llm.sweeper import grammar
from hydra_llm.sweeper.application import with_baseline
from hydra_llm.sweeper.code_evolution import declared_code, revision_parameter
from hydra_llm.sweeper.conditions import activating, settle_conditions
from hydra_llm.sweeper.constraint import load_constraint
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.group_options import check_conditions, check_options
from hydra_llm.sweeper.sources import Sources


def search_space(sources: Sources) -> tuple[Space, dict[str, tuple[Any, ...]]]:
    """The space of a block, and for the keys that each slot keeps, their declared values by slot."""
    declared = {**sources.params, **sources.line.dimensions}
    searched = {key: dimension for key, dimension in declared.items() if key not in sources.line.fixed}
    kept = _slot_params(sources)
    named = {**searched, **kept}
    check_options(named.values(), sources)
    check_conditions(named, sources)
    dimensions = settle_conditions(named, sources.value)
    by_slot = {key: kept[key].choices for key in kept if key in dimensions}
    settled = [with_baseline(dimension, _home(dimension, dimensions, sources)) for dimension in dimensions.values()]
    found = (*settled, *_code(sources, dimensions))
    if not found:
        _refuse(sources)
    space = Space(
        found,
        sources.node.get("locked", {}),
        by_slot=tuple(by_slot),
    )
    if sources.options["constraint"]:
        space = _constrained(space, sources, [key for key in declared if key not in dimensions])
    return space, by_slot


def _refuse(sources: Sources) -> NoReturn:
    """Nothing is left to search: what is declared are single values, the command line holds it, or nothing is."""
    for place, params in (("hydra.sweeper", sources.options["params"]), ("search", sources.node.get("params"))):
        words = [sources.fixed[key] for key in params or {} if key in sources.fixed and key not in sources.line.fixed]
        if words:
            raise SweepError(
                f"{place}.params holds no range, so there is nothing to search: {', '.join(words)} "
                f"{'is one value' if len(words) == 1 else 'are one value each'}, which every trial gets. Write "
                "interval(low, high), range(start, stop) or choice(a, b) instead."
            )
    held = [text for key, text in sources.line.fixed.items() if key in sources.params]
    if held:
        raise SweepError(
            f"There is nothing to search: {', '.join(held)} on the command line holds what the search would move. "
            "Leave it out."
        )
    raise SweepError(
        "The search space is empty, so there is nothing to search. Declare at least one parameter under "
        "hydra.sweeper.params, in the application's search.params, or as a sweep on the command line, "
        "for example training.lr='tag(log, interval(1e-4, 1e-1))'."
    )


def _code(sources: Sources, declared: Mapping[str, Dimension]) -> list[Dimension]:
    """The revision of the code that the sweep may change."""
    code = declared_code(sources.options, sources.node)
    if code is None:
        return []
    key = code["key"]
    if key in declared or key in sources.fixed:
        raise SweepError(
            f"{key} is set or swept, and code_evolution sets it itself. Give the file as hydra.sweeper.code.path."
        )
    try:
        sources.value(key)
    except KeyError:
        raise SweepError(f"hydra.sweeper.code.key={key} is not in the application's configuration.") from None
    return [revision_parameter(code)]


def block_space(sources: Sources) -> Space | None:
    """The space of the keys that move between blocks; None without any."""
    declared = grammar.from_params(sources.pick("block_params", {}), sources.parser)
    moved = [dimension for key, dimension in declared.dimensions.items() if not _on_line(key, sources)]
    check_options(moved, sources)
    return Space(tuple(with_baseline(dimension, sources.composed) for dimension in moved)) if moved else None


def _on_line(key: str, sources: Sources) -> bool:
    return key in sources.line.fixed or key in sources.line.dimensions


def _slot_params(sources: Sources) -> dict[str, Categorical]:
    """Keys that each slot keeps for itself, with their values by slot."""
    for place, node in (("hydra.sweeper", sources.options), ("search", sources.node)):
        for key in set(node.get("slot_params") or ()) & set(node.get("params") or ()):
            raise SweepError(f"{place}.slot_params.{key} is declared under {place}.params too. Keep one of them.")
    wanted = sources.pick("slot_params", {})
    declared = grammar.from_params(wanted, sources.parser)
    found: dict[str, Categorical] = {}
    for key, given in wanted.items():
        dimension = declared.dimensions.get(key)
        if not isinstance(dimension, Categorical):
            raise SweepError(f"slot_params.{key} must be a list with one value per slot, got {given!r}.")
        if not _on_line(key, sources):
            found[key] = dimension
    return found


def _home(dimension: Dimension, dimensions: Mapping[str, Dimension], sources: Sources) -> DictConfig:
    """The configuration in which a parameter has its default: with a condition, one where it is active."""
    moved = activating(dimension, dimensions, sources.value)
    return sources.compose(sources.override(key, value) for key, value in moved.items()) if moved else sources.composed


def _constrained(space: Space, sources: Sources, fixed: list[str]) -> Space:
    """The space under its constraint; a baseline that breaks it could never be run, so that is an error at once."""
    path = sources.options["constraint"]
    values = {key: sources.value(key) for key in fixed if not key.startswith("+")}
    constrained = replace(space, constraint=load_constraint(path, values))
    violation = constrained.violation(space.baseline())
    if violation is not None:
        raise SweepError(
            f"The application's own configuration breaks constraint={path}: {violation} Trial 0 runs it, so change the "
            "application's defaults or fix a parameter on the command line."
        )
    return constrained
