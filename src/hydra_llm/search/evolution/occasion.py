"""When a sweep asks for an idea: after so many trials, at the beginning of a block, or while a rule holds."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.context import Context
from hydra_llm.search.evolution.settings import SPACING, CodeSettings
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.rules.triggered import speaking
from hydra_llm.search.statistics.conditions import judge, rows
from hydra_llm.search.triggers import MetricTrigger


def is_due(settings: CodeSettings, state: SweepState, context: Context) -> bool:
    if settings.when:
        last = state.code.asked_at
        waited = last is None or context.next_number - last >= (settings.every or SPACING)
        return waited and bool(holding(context).intersection(settings.when))
    if settings.every is None:
        return len(state.blocks) - 1 > state.code.ideas
    return len(state.search) >= settings.every * (state.code.ideas + 1)


def holding(context: Context) -> set[str]:
    """Names of the rules that hold now. What only a reader could judge does not."""
    return {verdict.row.strategy for verdict in judge(context) if verdict.holds} | {
        rule.name for rule in speaking(context)
    }


def rule_names(protocol: str, focus: Sequence[MetricTrigger]) -> list[str]:
    return list(dict.fromkeys([*(row.strategy for row in rows(protocol)), *(rule.name for rule in focus)]))
