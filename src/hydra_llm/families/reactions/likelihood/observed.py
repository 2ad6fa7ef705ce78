"""Observables: formulas of model, noise and their derivatives, compiled for arrays of measurements."""

import re
from dataclasses import dataclass

import numpy as np
from sympy import Expr, Symbol

from hydra_llm.families.reactions.dynamics.code import compiled, derivatives
from hydra_llm.families.reactions.dynamics.switches import switched
from hydra_llm.families.reactions.dynamics.system import OpenSystem
from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.petab.problem import Observable, PetabProblem
from hydra_llm.families.reactions.sbml.mathematics import TIME, formula, real, replaced

PLACEHOLDER = re.compile(r"^(observable|noise)PetabParameter\d+_")


@dataclass(frozen=True)
class Values:
    """Of measurements: model y and noise sigma [measurement], and their derivatives by states, constants and
    placeholders, [measurement, ...].
    """

    y: np.ndarray
    sigma: np.ndarray
    by_state: tuple[np.ndarray, np.ndarray]
    by_constant: tuple[np.ndarray, np.ndarray]
    by_placeholder: tuple[np.ndarray, np.ndarray]


class ObservableFunction:
    """Model and noise of one observable. placeholders: symbols that each measurement replaces, in order."""

    def __init__(self, observable: Observable, problem: PetabProblem, system: OpenSystem) -> None:
        names = [*problem.network.names(), *(one.id for one in problem.parameters)]
        known: dict[str, Expr] = {name: real(name) for name in names}
        placeholders = _placeholders(observable)
        known |= {name: real(name) for name in placeholders}
        value = formula(observable.formula, f"The formula of observable {observable.id}", known)
        known |= {one.id: real(one.id) for one in problem.observables if one.id not in known}
        sigma = formula(observable.noise, f"The noise formula of observable {observable.id}", known)
        sigma = replaced(sigma, {real(observable.id): value})
        others = {str(one) for one in sigma.free_symbols} & {one.id for one in problem.observables}
        if others - set(names) - set(placeholders):
            raise ModelError(
                f"The noise formula of observable {observable.id} names the observable {min(others)}: another than its "
                "own is not read."
            )
        closed = [system.close(one) for one in (value, sigma)]
        self.id, self.placeholders = observable.id, [real(name) for name in placeholders]
        self._system, self._formulas = system, closed
        self._compile()

    def _compile(self) -> None:
        system = self._system
        formulas, switches = switched(self._formulas, system.states, self.id)
        groups: list[list[Symbol]] = [system.states, system.constants, self.placeholders]
        parts = [derivatives(formulas, group) for group in groups]
        arguments = {
            "t": [TIME],
            "x": system.states,
            "k": system.constants,
            "p": self.placeholders,
            "w": list(switches.symbols),
        }
        outputs = [*formulas, *(one for part in parts for one in part[0])]
        self._f = compiled(arguments, outputs, arrays=True)
        self._places = [(part[1], part[2], len(group)) for part, group in zip(parts, groups, strict=True)]
        times = {"t": [TIME], "k": system.constants, "p": self.placeholders}
        self._conditions = compiled(times, switches.conditions, arrays=True)
        self._has_switches = bool(switches.symbols)

    def values(self, t: np.ndarray, x: np.ndarray, k: np.ndarray, p: np.ndarray) -> Values:
        """At times t, states x [measurement, state], constants k [constant], placeholders p [measurement, one]."""
        n = len(t)
        with np.errstate(all="ignore"):
            w = self._conditions((t,), k, p.T) if self._has_switches else []
            found = self._f((t,), x.T, k, p.T, w)
        columns = np.array([np.broadcast_to(np.asarray(one, dtype=float), (n,)) for one in found])
        at, filled = 2, []
        for rows, places, size in self._places:
            both = np.zeros((2, n, size))
            for row, place, column in zip(rows, places, columns[at : at + len(rows)], strict=True):
                both[row, :, place] = column
            filled.append((both[0], both[1]))
            at += len(rows)
        return Values(columns[0], columns[1], *filled)


def _placeholders(observable: Observable) -> list[str]:
    """Of both formulas, observableParameter1 first."""
    found = []
    for kind, text in (("observable", observable.formula), ("noise", observable.noise)):
        pattern = re.compile(rf"\b{kind}Parameter(\d+)_{re.escape(observable.id)}\b")
        numbers = sorted({int(one) for one in pattern.findall(text)})
        if numbers != list(range(1, len(numbers) + 1)):
            raise ModelError(f"Observable {observable.id} has {kind} parameters {numbers}; they must count from 1.")
        found += [f"{kind}Parameter{one}_{observable.id}" for one in numbers]
    return found
