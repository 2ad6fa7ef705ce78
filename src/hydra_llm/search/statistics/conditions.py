"""Conditions of a protocol's strategy table, evaluated from the records.

A condition is one or several clauses, joined by " and " or by ", or ". A clause is a phrase (phrases.py), a comparison
(`accuracy - recovery above 0.3 in 3 trials`, `ratio within 0.5-1.5`, `branching rate below 20 %`), a
slot's role (`a slot of this role`), `not done yet` (no trial of the block had the strategy of the row), `not twice in a
row` (the latest one had another), or `in the first N trials` of the block. The names in a comparison are metrics,
values of the configuration, or `branching rate`, `improvement rate`, `failure rate`; it holds when it holds for each of
the latest N finished trials with a score, one unless said otherwise. `accuracy rising in N trials` compares the last
of them with the first.

The coded rules state when they speak in the same words, and `holds` judges both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hydra_llm.search.context import Context
from hydra_llm.search.protocol_text import Protocol, ProtocolError
from hydra_llm.search.statistics import history
from hydra_llm.search.statistics.actions import lacking
from hydra_llm.search.statistics.phrases import PHRASES
from hydra_llm.search.trial.strategy_names import known_as
from hydra_llm.search.trial.trial import Trial

ROLE = "a slot of this role"
NOT_DONE = "not done yet"
NOT_TWICE = "not twice in a row"
_FIRST = re.compile(r"in the first (\d+) trials")
RATES = ("branching rate", "improvement rate", "failure rate")
_NAME = r"[A-Za-z_][\w./]*(?: rate)?"
_COMPARISON = re.compile(
    rf"(?P<name>{_NAME})(?: - (?P<minus>{_NAME}))? "
    r"(?:(?P<side>above|below|at least|at most) (?P<limit>-?[\d.]+(?:[eE]-?\d+)?)(?P<percent> ?%)?"
    r"|within (?P<low>-?[\d.]+)-(?P<high>[\d.]+)|(?P<rising>rising))"
    r"(?: in (?P<runs>\d+) (?:trials|runs))?"
)


@dataclass(frozen=True)
class Row:
    """One row of a strategy table."""

    condition: str
    strategy: str
    action: str = ""


@dataclass(frozen=True)
class Verdict:
    """`holds` is None where the records cannot tell; `detail` says what was found, or what is missing; `lacks` names
    the parameters of an action that this search cannot take.
    """

    row: Row
    holds: bool | None
    detail: str = ""
    lacks: tuple[str, ...] = ()


def rows(protocol: str) -> list[Row]:
    """The strategy table between the marker lines, in its order; [] for a protocol without one."""
    try:
        text = Protocol.parse(protocol).rules
    except ProtocolError:
        return []
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        is_rule = line.lstrip().startswith("|") and len(cells) >= 2 and not set(cells[0]) <= set("-: ")
        if is_rule and cells[0].lower() != "condition":
            found.append(Row(cells[0], cells[1], cells[2] if len(cells) > 2 else ""))
    return found


def alternatives(condition: str) -> list[list[str]]:
    """The clauses: the condition holds if all clauses of one alternative do."""
    if condition in PHRASES:  # a phrase may hold a comma
        return [[condition]]
    return [[clause.strip() for clause in part.split(" and ")] for part in condition.split(", or ")]


def names(condition: str) -> Iterator[str]:
    """Metrics and keys that the condition speaks of. Raises ValueError for a clause that is none."""
    for clause in (clause for part in alternatives(condition) for clause in part):
        if clause in PHRASES or clause in (ROLE, NOT_DONE, NOT_TWICE) or _FIRST.fullmatch(clause):
            continue
        found = _COMPARISON.fullmatch(clause)
        if found is None:
            raise ValueError(f"The condition {clause!r} is no phrase and no comparison.")
        yield from (name for name in (found["name"], found["minus"]) if name and name not in RATES)


def judge(context: Context) -> list[Verdict]:
    """Every row of the protocol's table, in its order."""
    table = rows(context.protocol)
    strategies = {row.strategy for row in table}
    return [replace(_judged(context, row), lacks=lacking(context, row.action, strategies)) for row in table]


def holds(context: Context, condition: str, strategy: str) -> bool:
    """Whether the condition of a strategy holds; what the records cannot tell does not."""
    return bool(_judged(context, Row(condition, strategy)).holds)


def _judged(context: Context, row: Row) -> Verdict:
    unknown = ""
    for part in alternatives(row.condition):
        found = [_clause(context, row, clause) for clause in part]
        if all(holds for holds, _ in found):
            return Verdict(row, True, "; ".join(detail for _, detail in found if detail))
        if all(holds is not False for holds, _ in found):
            unknown = "; ".join(detail for holds, detail in found if holds is None)
    return Verdict(row, None, unknown) if unknown else Verdict(row, False)


def _clause(context: Context, row: Row, clause: str) -> tuple[bool | None, str]:
    if clause in PHRASES:
        detail = PHRASES[clause](context)
        return bool(detail), "" if detail == "yes" else detail
    if clause == ROLE:
        slots = [str(slot.index) for slot in context.slots if slot.role == row.strategy]
        return bool(slots), f"slot {', '.join(slots)}" if slots else ""
    if clause == NOT_DONE:
        return not history.was_done(context, known_as(row.strategy)), ""
    if clause == NOT_TWICE:
        return history.last_strategy(context) != known_as(row.strategy), ""
    if (first := _FIRST.fullmatch(clause)) is not None:
        return len(history.scored(context)) <= int(first[1]), ""
    found = _COMPARISON.fullmatch(clause)
    return (None, "yours to judge") if found is None else _compared(context, found)


def _compared(context: Context, found: re.Match[str]) -> tuple[bool | None, str]:
    runs = int(found["runs"] or (2 if found["rising"] else 1))
    latest = history.scored(context)[-runs:]
    if len(latest) < runs:
        return False, ""
    seen = []
    for trial in latest:
        value, minus = _value(context, trial, found["name"]), 0.0
        if found["minus"]:
            other = _value(context, trial, found["minus"])
            value, minus = (None, 0.0) if other is None else (value, other)
        if value is None:
            return None, f"{found['minus'] or found['name']} was not reported"
        seen.append(value - minus)
    if found["rising"] and seen[-1] <= seen[0]:
        return False, ""
    if not found["rising"] and not all(_holds(value, found) for value in seen):
        return False, ""
    return True, ", ".join(f"{value:.4g}" for value in seen)


def _holds(value: float, found: re.Match[str]) -> bool:
    if found["low"] is not None:
        return float(found["low"]) <= value <= float(found["high"])
    limit = float(found["limit"]) / (100.0 if found["percent"] else 1.0)
    return {
        "above": value > limit,
        "below": value < limit,
        "at least": value >= limit,
        "at most": value <= limit,
    }[found["side"]]


def _value(context: Context, trial: Trial, name: str) -> float | None:
    """A rate of the block, a metric of the trial, or a value of its configuration."""
    if name in RATES:
        return getattr(context.rates, name.removesuffix(" rate"))
    if name == context.objective.name:
        return trial.value
    places = (trial.metrics, trial.values, context.block.values, context.told)
    found = next((place[name] for place in places if name in place), None)
    return float(found) if isinstance(found, int | float) else None
