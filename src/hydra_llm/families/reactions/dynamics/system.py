"""A reaction network with some constants left open, compiled: dx/dt = f(t, x, k), its derivatives, x(0) = g(k)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy
from sympy import Expr, Symbol

from hydra_llm.families.reactions.dynamics.code import Compiled, compiled, derivatives
from hydra_llm.families.reactions.dynamics.switches import Switches, switched
from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.sbml.mathematics import TIME, real
from hydra_llm.families.reactions.sbml.network import KineticNetwork, initial_of


@dataclass(frozen=True)
class OpenSystem:
    """free: names whose values k holds, in this order: constants, and states, whose value is that at time 0.

    Raises ModelError where a number is missing, NotSupported for a piecewise formula that cannot be followed.
    """

    network: KineticNetwork
    free: tuple[str, ...]

    @property
    def n_states(self) -> int:
        return len(self.network.states)

    @cached_property
    def states(self) -> list[Symbol]:
        return [real(name) for name in self.network.states]

    @cached_property
    def constants(self) -> list[Symbol]:
        """The symbols of k."""
        return [initial_of(name) if name in self.network.derivatives else real(name) for name in self.free]

    @cached_property
    def closed(self) -> dict[Symbol, Expr]:
        """Everything that is not free, in terms of what is."""
        return self.network.in_order(self.free)

    def close(self, formula: Expr) -> Expr:
        """A formula of states, constants and rules in terms of states, time and k."""
        inner = formula.xreplace({real(name): value for name, value in self.network.rules.items()})
        for symbol in inner.free_symbols:
            value = self.closed.get(real(str(symbol)))
            if value is not None and value.has(sympy.nan):
                raise ModelError(f"{symbol} of {self.network.name} has no value, and nothing gives it one.")
        return inner.xreplace(self.closed)

    @cached_property
    def start(self) -> list[Expr]:
        """x(0) in terms of k."""
        return [self.close(initial_of(name)) for name in self.network.states]

    @cached_property
    def _switched(self) -> tuple[list[Expr], Switches]:
        formulas = [self.close(self.network.derivatives[name]) for name in self.network.states]
        return switched(formulas, self.states, self.network.name)

    @property
    def switches(self) -> Switches:
        return self._switched[1]

    @property
    def derivatives(self) -> list[Expr]:
        """dx/dt in terms of time, states, k and switches."""
        return self._switched[0]

    # ---- compiled ----
    def _function(self, outputs: Sequence[Expr]) -> Compiled:
        arguments = {"t": [TIME], "x": self.states, "k": self.constants, "w": list(self.switches.symbols)}
        return compiled(arguments, outputs)

    @cached_property
    def rate(self) -> Compiled:
        """f((t,), x, k, w) -> dx/dt."""
        return self._function(self.derivatives)

    @cached_property
    def _jacobian(self) -> tuple[list[Expr], np.ndarray, np.ndarray]:
        return derivatives(self.derivatives, self.states)

    @cached_property
    def _gradient(self) -> tuple[list[Expr], np.ndarray, np.ndarray]:
        return derivatives(self.derivatives, self.constants)

    @cached_property
    def jacobian_places(self) -> tuple[np.ndarray, np.ndarray]:
        return self._jacobian[1:]

    @cached_property
    def gradient_places(self) -> tuple[np.ndarray, np.ndarray]:
        return self._gradient[1:]

    @cached_property
    def jacobian(self) -> Compiled:
        """f((t,), x, k, w) -> the entries of df/dx at jacobian_places."""
        return self._function(self._jacobian[0])

    @cached_property
    def linearised(self) -> Compiled:
        """f((t,), x, k, w) -> dx/dt, the entries of df/dx, the entries of df/dk at gradient_places."""
        return self._function([*self.derivatives, *self._jacobian[0], *self._gradient[0]])

    @cached_property
    def first(self) -> Compiled:
        """f(k) -> x(0)."""
        return compiled({"k": self.constants}, self.start)

    @cached_property
    def _first_gradient(self) -> tuple[list[Expr], np.ndarray, np.ndarray]:
        return derivatives(self.start, self.constants)

    @cached_property
    def first_places(self) -> tuple[np.ndarray, np.ndarray]:
        return self._first_gradient[1:]

    @cached_property
    def first_gradient(self) -> Compiled:
        """f(k) -> the entries of dx(0)/dk at first_places."""
        return compiled({"k": self.constants}, self._first_gradient[0])

    @cached_property
    def conditions(self) -> Compiled:
        """f((t,), k) -> the switches at a time."""
        return compiled({"t": [TIME], "k": self.constants}, self.switches.conditions)

    @cached_property
    def break_times(self) -> Compiled:
        """f(k) -> the breakpoints."""
        return compiled({"k": self.constants}, self.switches.breaks)

    @cached_property
    def break_gradients(self) -> list[Compiled]:
        """f(k) -> d(breakpoint)/dk, for each breakpoint."""
        return [
            compiled({"k": self.constants}, [sympy.diff(one, symbol) for symbol in self.constants])
            for one in self.switches.breaks
        ]


def constants_of(network: KineticNetwork, but: Iterable[str] = ()) -> list[str]:
    """The constants that are plain numbers."""
    left_out = set(but)
    return [name for name, value in network.constants.items() if value.is_number and name not in left_out]
