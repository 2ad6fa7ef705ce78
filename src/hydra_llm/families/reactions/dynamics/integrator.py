"""LSODA (Petzold 1983, through scipy) for a reaction network and the sensitivities of its states.

The sensitivities s_j = dx/dtheta_j solve ds_j/dt = (df/dx) s_j + df/dtheta_j and are integrated with the states, under
the same error control. Newton's iteration is given the block diagonal of their Jacobian, as in the simultaneous
corrector of Maly and Petzold (1996). Sensitivities are taken in groups, so that the blocks stay small.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import odeint, solve_ivp

from hydra_llm.families.reactions.dynamics.system import OpenSystem

Slope = Callable[[float, np.ndarray], Any]

LARGEST = 150  # equations that are integrated together, where there is a choice
CALLS = 15_000  # of the right-hand side between two restarts; more is a system that cannot be integrated here
HIGHEST = 1e30  # a state beyond it is on its way to infinity, in ever smaller steps
STEPS = 20_000  # of the integrator between two times


class IntegrationFailed(ArithmeticError):
    """An integrator gave up; the parameters have no likelihood."""


@dataclass(frozen=True)
class Tolerances:
    """Of the integrator, relative and absolute, and of a steady state."""

    rtol: float = 1e-8
    atol: float = 1e-10


def stretch(
    system: OpenSystem,
    k: np.ndarray,
    direction: np.ndarray | None,
    x: np.ndarray,
    s: np.ndarray | None,
    times: np.ndarray,
    switches: Sequence[float],
    tolerances: Tolerances,
    frozen: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    """States [time, state] and sensitivities [time, parameter, state] at times, from those at times[0].

    direction [constant, parameter]: dk/dtheta; None: no sensitivities, and s is not read. frozen: time stands still at
    times[0] in the formulas. Raises IntegrationFailed.
    """
    k_list = k.tolist()
    if direction is None or s is None or s.shape[0] == 0:
        return _states(system, k_list, x, times, switches, tolerances, frozen), (
            None if direction is None else np.zeros((len(times), 0, len(x)))
        )
    n, p = len(x), len(s)
    size = max(1, LARGEST // n - 1)
    found = np.empty((len(times), p, n))
    states = np.empty((len(times), n))
    for first in range(0, p, size):
        own = slice(first, first + size)
        states, found[:, own] = _with_sensitivities(
            system, k_list, direction[:, own], x, s[own], times, switches, tolerances, frozen
        )
    return states, found


class _Guard:
    """A right-hand side that gives up after CALLS, and where a state runs away."""

    def __init__(self, right: Callable[[float, np.ndarray, list[float]], Any], n: int) -> None:
        self._right, self._n, self.count = right, n, 0

    def __call__(self, t: float, y: np.ndarray) -> Any:
        self.count += 1
        x = y[: self._n].tolist()
        if self.count > CALLS or max(x) > HIGHEST:
            raise IntegrationFailed("A state runs away, or the steps of the integrator become too small.")
        return self._right(t, y, x)


def _states(
    system: OpenSystem,
    k: list[float],
    x: np.ndarray,
    times: np.ndarray,
    w: Sequence[float],
    tolerances: Tolerances,
    frozen: bool,
) -> np.ndarray:
    rate, jacobian, places, n = system.rate, system.jacobian, system.jacobian_places, len(x)
    held = (float(times[0]),)

    def right(t: float, y: np.ndarray, values: list[float]) -> list[float]:
        return rate(held if frozen else (t,), values, k, w)

    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        J = np.zeros((n, n))
        J[places] = jacobian(held if frozen else (t,), y.tolist(), k, w)
        return J

    return _solve(_Guard(right, n), slopes, x, times, tolerances, frozen)


def _with_sensitivities(
    system: OpenSystem,
    k: list[float],
    direction: np.ndarray,
    x: np.ndarray,
    s: np.ndarray,
    times: np.ndarray,
    w: Sequence[float],
    tolerances: Tolerances,
    frozen: bool,
) -> tuple[np.ndarray, np.ndarray]:
    linearised, jacobian, n, p = system.linearised, system.jacobian, len(x), len(s)
    J_places, K_places = system.jacobian_places, system.gradient_places
    n_J, held = len(J_places[0]), (float(times[0]),)
    rows, weights = K_places[0], direction[K_places[1]]  # of every entry of df/dk: its equation, and dk/dtheta
    gather = np.zeros((n, len(rows)))
    gather[rows, np.arange(len(rows))] = 1.0
    J = np.zeros((n, n))

    def right(t: float, y: np.ndarray, states: list[float]) -> np.ndarray:
        values = linearised(held if frozen else (t,), states, k, w)
        out = np.empty((p + 1, n))
        out[0] = values[:n]
        J[J_places] = values[n : n + n_J]
        np.matmul(y[n:].reshape(p, n), J.T, out=out[1:])
        if len(rows):
            out[1:] += (weights * np.array(values[n + n_J :])[:, None]).T @ gather.T
        return out.ravel()

    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        block = np.zeros((n, n))
        block[J_places] = jacobian(held if frozen else (t,), y[:n].tolist(), k, w)
        whole = np.zeros((n * (p + 1), n * (p + 1)))
        for i in range(p + 1):
            whole[i * n : (i + 1) * n, i * n : (i + 1) * n] = block
        return whole

    start = np.concatenate([x, s.ravel()])
    with np.errstate(all="ignore"):
        y = _solve(_Guard(right, n), slopes, start, times, tolerances, frozen)
    return y[:, :n], y[:, n:].reshape(len(times), p, n)


def _solve(
    right: _Guard, slopes: Slope, start: np.ndarray, times: np.ndarray, tolerances: Tolerances, stubborn: bool
) -> np.ndarray:
    """States [time, equation]. stubborn: a second method is tried, BDF; LSODA sometimes takes endless small steps close
    to a steady state.
    """
    if len(times) == 1:
        return start[None]
    try:
        return _lsoda(right, slopes, start, times, tolerances)
    except IntegrationFailed:
        if not stubborn:
            raise
    right.count = 0
    try:
        found = solve_ivp(
            right, times[[0, -1]], start, "BDF", times, jac=slopes, rtol=tolerances.rtol, atol=tolerances.atol
        )
    except (ArithmeticError, TypeError, ValueError) as error:
        raise IntegrationFailed(str(error)) from error
    if not found.success or not np.isfinite(found.y).all():
        raise IntegrationFailed(found.message)
    return found.y.T


def _lsoda(right: _Guard, slopes: Slope, start: np.ndarray, times: np.ndarray, tolerances: Tolerances) -> np.ndarray:
    try:
        y, about = odeint(
            right,
            start,
            times,
            Dfun=slopes,
            tfirst=True,
            rtol=tolerances.rtol,
            atol=tolerances.atol,
            mxstep=STEPS,
            full_output=True,
        )
    except (ArithmeticError, TypeError, ValueError) as error:  # 1 / 0, an overflow, a complex number
        raise IntegrationFailed(str(error)) from error
    if about["message"] != "Integration successful." or not np.isfinite(y).all():
        raise IntegrationFailed(about["message"])
    return y
