"""A reaction network as symbols: states, their derivatives, constants, rules.

Every name of a model is a symbol. A species stands for its concentration, or for its amount where the model says so
(hasOnlySubstanceUnits), as in SBML's own formulas.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from sympy import Expr, Symbol

from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.sbml.mathematics import real, replaced


@dataclass(frozen=True)
class KineticNetwork:
    """dx/dt = S v(x) of species, and the rate rules of other symbols, behind them.

    species: those that reactions or rate rules change, in order; S [species, reaction]: in units of substance per
    extent of the reaction, before the division by a compartment's size. rates: the kinetic laws v, in substance per
    time. derivatives: d/dt of every state. initial: value of every state at time 0, in terms of constants. constants:
    what never changes by itself, each a number or a formula of other constants (initial assignments). rules: symbols
    that assignment rules give at any time, in terms of states, constants and time. fixed: species that never change.
    """

    name: str
    states: tuple[str, ...]
    species: tuple[str, ...]
    reactions: tuple[str, ...]
    S: np.ndarray
    rates: Mapping[str, Expr]
    derivatives: Mapping[str, Expr]
    initial: Mapping[str, Expr]
    constants: Mapping[str, Expr]
    rules: Mapping[str, Expr]
    fixed: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> set[str]:
        return {*self.states, *self.constants, *self.rules}

    def in_order(self, free: Iterable[str] = ()) -> dict[Symbol, Expr]:
        """Every constant that is not free, as a formula of the free ones. Raises ModelError for a circle."""
        kept = set(free)
        left = {real(name): value for name, value in self.constants.items() if name not in kept}
        left |= {initial_of(name): value for name, value in self.initial.items() if name not in kept}
        return resolved(left, "initial assignments")


def initial_of(state: str) -> Symbol:
    """The symbol of the value at time 0 of a state."""
    return real(f"{state}(0)")


def resolved(formulas: Mapping[Symbol, Expr], kind: str) -> dict[Symbol, Expr]:
    """Formulas in terms of symbols that have none. Raises ModelError for a circle."""
    done: dict[Symbol, Expr] = {}
    left = dict(formulas)
    while left:
        ready = [symbol for symbol, value in left.items() if not (value.free_symbols & left.keys())]
        if not ready:
            names = ", ".join(sorted(str(symbol) for symbol in left))
            raise ModelError(f"The {kind} of {names} depend on each other in a circle.")
        for symbol in ready:
            done[symbol] = replaced(left.pop(symbol), done)
    return done
