"""Configurations that nearly ran already: the result is known but for noise, and the trial would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.space.dimension import Float
from hydra_llm.search.space.positions import position
from hydra_llm.search.trial.trial import Proposal

HAIR = 0.01  # of the range of a real parameter, along its scale


def near_duplicate(context: Context, values: Mapping[str, Any], batch: Iterable[Proposal]) -> str:
    """A sentence if the configuration differs from one that ran, or that this batch runs, by less than a hair in every
    parameter; "" otherwise, and for one that is equal, which others judge.
    """
    for node in context.tree.nodes:
        if apart := _hair(context, values, node.values):
            return (
                f"This configuration is nearly that of trial {node.id} ({apart}): less than {100 * HAIR:g} % of a "
                f"range apart. Move further, or rerun trial {node.id} without change."
            )
    for proposal in batch:
        if apart := _hair(context, values, proposal.values):
            return (
                f"This configuration is nearly that of slot {proposal.slot} ({apart}): less than {100 * HAIR:g} % of a "
                f"range apart. Move further."
            )
    return ""


def _hair(context: Context, values: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """What differs, with both values, where it is no more than a hair; "" where it is more, or nothing."""
    names = context.space.changed(dict(others), dict(values))
    if not all(_is_hair(context, name, values, others) for name in names):
        return ""
    return ", ".join(f"{name} {value_text(others[name])} there, {value_text(values[name])} here" for name in names)


def _is_hair(context: Context, name: str, values: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    dimension = context.space[name]
    if not isinstance(dimension, Float) or name not in values or name not in others:
        return False
    return abs(position(dimension, values[name]) - position(dimension, others[name])) < HAIR
