"""The experiments of a PEtab problem: which constants each condition sets, and when it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy

from hydra_llm.families.reactions.dynamics.integrator import Tolerances
from hydra_llm.families.reactions.dynamics.system import OpenSystem
from hydra_llm.families.reactions.dynamics.trajectory import State, Trajectory, first_state, run, steady_state
from hydra_llm.families.reactions.errors import ModelError, NotSupported
from hydra_llm.families.reactions.likelihood.open_values import Cells, Entry, OpenValues
from hydra_llm.families.reactions.petab.problem import PetabProblem
from hydra_llm.families.reactions.sbml.mathematics import real
from hydra_llm.families.reactions.sbml.network import initial_of


@dataclass(frozen=True)
class Condition:
    """k: the constants; reset: states whose value the condition table gives, by their place."""

    k: OpenValues
    reset: tuple[int, ...]


@dataclass(frozen=True)
class Experiment:
    """columns: places of the estimated parameters that its states depend on. times: increasing, each once."""

    preequilibration: Condition | None
    condition: Condition
    times: np.ndarray
    columns: np.ndarray

    def simulate(
        self, system: OpenSystem, theta: np.ndarray, slopes: np.ndarray | None, tolerances: Tolerances
    ) -> Trajectory:
        """slopes: d(theta)/d(scaled theta), None: no sensitivities. Raises IntegrationFailed."""

        def opened(one: Condition) -> tuple[np.ndarray, np.ndarray | None]:
            return one.k.values(theta), None if slopes is None else one.k.gradient(slopes, self.columns)

        k, direction = opened(self.condition)
        start = first_state(system, k, direction)
        if self.preequilibration is not None:
            before, towards = opened(self.preequilibration)
            rest = steady_state(system, before, towards, first_state(system, before, towards), tolerances)
            start = _continued(rest, start, self.condition.reset)
        return run(system, k, direction, start, self.times, tolerances)


def _continued(rest: State, start: State, reset: tuple[int, ...]) -> State:
    """The state after preequilibration, with the values that the next condition sets."""
    x, s, places = rest.x.copy(), None if rest.s is None else rest.s.copy(), list(reset)
    x[places] = start.x[places]
    if s is not None and start.s is not None:
        s[:, places] = start.s[:, places]
    return State(x, s)


class Experiments:
    """All experiments of a problem, and the system that they share."""

    def __init__(self, problem: PetabProblem) -> None:
        network = problem.network
        columns = list(dict.fromkeys(column for row in problem.conditions.values() for column in row))
        for column in columns:
            if column in network.rules:
                raise NotSupported(
                    "a condition that sets what an assignment rule gives",
                    f"The condition table sets {column}, which an assignment rule of the model gives.",
                )
            if column not in network.names() and column not in {one.id for one in problem.parameters}:
                raise ModelError(f"The condition table sets {column}, which is not in the model.")
        names = dict.fromkeys([*columns, *(one.id for one in problem.parameters)])
        self.system = OpenSystem(network, tuple(names))
        self.cells = Cells(problem.parameters)
        self._problem = problem
        found: dict[tuple[str | None, str], set[float]] = {}
        for one in problem.measurements:
            found.setdefault((one.preequilibration, one.condition), set()).add(one.time)
        conditions: dict[str, Condition] = {}
        for before, after in found:
            for name in (before, after):
                if name is not None and name not in conditions:
                    conditions[name] = self._condition(name, continued=before is not None and name == after)
        self.places = {key: i for i, key in enumerate(found)}
        self.all = [
            self._experiment(None if before is None else conditions[before], conditions[after], sorted(times))
            for (before, after), times in found.items()
        ]

    def _condition(self, name: str, *, continued: bool) -> Condition:
        row, network = self._problem.conditions[name], self._problem.network
        entries: list[Entry] = []
        for one in self.system.free:
            if one in row:
                entries.append(self.cells.entry(row[one], f"Condition {name}, column {one},"))
            elif one in self.cells.known():
                entries.append(self.cells.known()[one])
            else:
                entries.append(self._default(one, name, continued))
        states = network.states
        return Condition(OpenValues.of(entries), tuple(states.index(one) for one in row if one in network.derivatives))

    def _default(self, name: str, condition: str, continued: bool) -> float:
        """What the model gives a constant or a state that a condition leaves open."""
        network = self._problem.network
        if name not in network.names():
            return float("nan")
        is_state = name in network.derivatives
        if is_state and continued:
            return 0.0  # the state goes on from preequilibration
        value = network.in_order(())[initial_of(name) if is_state else real(name)]
        if not value.is_number or value is sympy.nan:
            raise ModelError(f"Condition {condition} leaves {name} open, and the model gives it no number.")
        dependent = network.in_order(self.system.free).get(initial_of(name) if is_state else real(name))
        if dependent is not None and dependent.free_symbols:
            raise NotSupported(
                "a condition that leaves open what depends on others",
                f"Condition {condition} leaves {name} open, and in the model it depends on what the tables set.",
            )
        return float(value)

    def _experiment(self, before: Condition | None, after: Condition, times: list[float]) -> Experiment:
        named: Mapping[str, int] = {name: i for i, name in enumerate(self.system.free)}
        used = {
            named[str(symbol).removesuffix("(0)")]
            for formula in (*self.system.derivatives, *self.system.start, *self.system.switches.conditions)
            for symbol in formula.free_symbols & set(self.system.constants)
        }
        parts = [one.k for one in (before, after) if one is not None]
        columns = {
            int(column)
            for part in parts
            for row, column in zip(part.rows, part.columns, strict=True)
            if int(row) in used
        }
        return Experiment(before, after, np.array(times), np.array(sorted(columns), dtype=int))
