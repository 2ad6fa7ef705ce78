"""Piecewise formulas: their conditions become switches that hold still between breakpoints in time.

An integrator is started anew at every breakpoint, so that it never steps over one. A condition on a state has no known
breakpoint, and is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Symbol
from sympy.core.relational import Relational

from hydra_llm.families.reactions.errors import NotSupported
from hydra_llm.families.reactions.sbml.mathematics import TIME, replaced


@dataclass(frozen=True)
class Switches:
    """symbols: one per condition; conditions: in terms of time and constants; breaks: times at which one changes."""

    symbols: tuple[Symbol, ...]
    conditions: tuple[Relational, ...]
    breaks: tuple[Expr, ...]


def switched(formulas: Sequence[Expr], states: Sequence[Symbol], model: str) -> tuple[list[Expr], Switches]:
    """The formulas with switches for conditions, and these. Raises NotSupported."""
    found: dict[Relational, Symbol] = {}
    breaks: dict[Expr, None] = {}
    for formula in formulas:
        for condition in sorted(formula.atoms(Relational), key=str):
            if condition in found:
                continue
            if condition.free_symbols & set(states):
                raise NotSupported(
                    "piecewise in the state",
                    f"{model} has a piecewise formula whose condition depends on the state ({condition}), which is not "
                    "supported: the time at which it changes is not known.",
                )
            if TIME in condition.free_symbols:
                breaks[_break(condition, model)] = None
            found[condition] = Symbol(f"switch({len(found)})")
    return [replaced(formula, found) for formula in formulas], Switches(
        tuple(found.values()), tuple(found), tuple(breaks)
    )


def _break(condition: Any, model: str) -> Expr:
    """The time at which a condition changes."""
    difference = sympy.expand(condition.lhs - condition.rhs)
    slope = sympy.diff(difference, TIME)
    if TIME in slope.free_symbols or isinstance(condition, sympy.Eq | sympy.Ne):
        raise NotSupported(
            "a condition that is not linear in time",
            f"{model} has a piecewise formula whose condition is not a comparison linear in time ({condition}), which "
            "is not supported.",
        )
    return sympy.simplify(-difference.xreplace({TIME: sympy.Integer(0)}) / slope)
