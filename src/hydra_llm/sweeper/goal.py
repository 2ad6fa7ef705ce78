"""What a sweep is for: one metric with a direction or a target, or several with a direction each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives, OneWay
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.sources import Sources

log = logging.getLogger(__name__)

OF_ONE_METRIC = ("thresholds", "ceiling", "collapse", "confirm")  # keys of the application's search node


def read_goal(sources: Sources) -> Objective | Objectives:
    """A target says what the direction is, unless the same place names one. Raises SweepError for several metrics
    without as many directions.
    """
    metric = sources.pick("metric", None)
    for place in (sources.options, sources.node):
        direction, target = _direction(place), place.get("target")
        if direction is None and target is not None:  # zero is a target too
            direction = "target"
        if direction == "target" and target is None:
            target = sources.node.get("target")
        if isinstance(direction, list):
            return _several(direction, metric, target)
        if direction is not None:
            return Objective(_one(metric), direction, target)
    return Objective(_one(metric))


def for_several(sources: Sources, objectives: Objectives) -> Sources:
    """Without what the application says of values of one metric, which is told in a warning. Raises SweepError for
    code that a model would change.
    """
    if sources.options["code_evolution"].get("enabled"):
        raise SweepError(
            f"hydra.sweeper.code_evolution judges code by one metric, and this search has several ({objectives.goal}). "
            "Set hydra.sweeper.code_evolution.enabled=false, or search on one metric."
        )
    left_out = [key for key in OF_ONE_METRIC if sources.node.get(key)]
    if left_out:
        log.warning(
            "With several objectives these keys of the application's search node have no meaning and are left out: %s.",
            ", ".join(left_out),
        )
    node = {key: value for key, value in sources.node.items() if key not in OF_ONE_METRIC}
    return replace(sources, node=node, options={**sources.options, "promote": sources.options["promote"] or 0})


def _direction(place: Mapping[str, Any]) -> Any:
    """A list of one direction is that direction."""
    given = place.get("direction")
    return given[0] if isinstance(given, list) and len(given) == 1 else given


def _one(metric: Any) -> str | None:
    if isinstance(metric, list):
        if len(metric) != 1:
            raise SweepError(
                f"metric names {len(metric)} objectives ({', '.join(metric)}), and there is one direction. Set "
                "hydra.sweeper.direction to a list of maximize and minimize, one for each."
            )
        return metric[0]
    return metric


def _several(directions: list[OneWay], metric: Any, target: float | None) -> Objectives:
    if target is not None:
        raise SweepError(f"target must be null with several directions, got {target!r}. Drop the target.")
    return Objectives(tuple(directions), tuple([metric] if isinstance(metric, str) else metric or ()))
