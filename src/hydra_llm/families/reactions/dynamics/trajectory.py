"""A trajectory from its start through all breakpoints to the last time asked for, and steady states."""

from dataclasses import dataclass

import numpy as np

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed, Tolerances, stretch
from hydra_llm.families.reactions.dynamics.system import OpenSystem

LONGEST = 1e12  # time after which a system that still moves counts as one without a steady state
SETTLED = 1e-6  # relative change of a state over a tenfold time, below which it is steady


@dataclass(frozen=True)
class State:
    """x [state]; s [parameter, state], None where no sensitivities are asked for."""

    x: np.ndarray
    s: np.ndarray | None


@dataclass(frozen=True)
class Trajectory:
    """x [time, state]; s [time, parameter, state] or None."""

    x: np.ndarray
    s: np.ndarray | None


def first_state(system: OpenSystem, k: np.ndarray, direction: np.ndarray | None) -> State:
    """x(0), and its derivatives. Raises IntegrationFailed where the formulas have no value."""
    try:
        x = np.array(system.first(k.tolist()), dtype=float)
        if not np.isfinite(x).all():
            raise IntegrationFailed("An initial state is not finite.")
        if direction is None:
            return State(x, None)
        gradient = np.zeros((len(x), len(k)))
        gradient[system.first_places] = system.first_gradient(k.tolist())
    except (ArithmeticError, TypeError) as error:
        raise IntegrationFailed(str(error)) from error
    return State(x, (gradient @ direction).T)


def run(
    system: OpenSystem,
    k: np.ndarray,
    direction: np.ndarray | None,
    start: State,
    times: np.ndarray,
    tolerances: Tolerances,
) -> Trajectory:
    """States at increasing times from 0 on; the last may be infinite, and is then the steady state.

    Raises IntegrationFailed.
    """
    finite = times[np.isfinite(times)]
    n, p = len(start.x), 0 if start.s is None else len(start.s)
    x = np.empty((len(times), n))
    s = None if start.s is None else np.empty((len(times), p, n))
    state, now, done = start, 0.0, 0
    last = finite[-1] if len(finite) else 0.0
    for end in [*breakpoints(system, k, last), last]:
        inside = finite[(finite > now) & (finite <= end)] if now > 0 else finite[finite <= end]
        grid = np.unique(np.concatenate([[now], inside, [end]]))
        w = switches_at(system, k, (now + end) / 2)
        path, paths = stretch(system, k, direction, state.x, state.s, grid, w, tolerances)
        places = np.searchsorted(grid, inside)
        x[done : done + len(inside)] = path[places]
        if s is not None and paths is not None:
            s[done : done + len(inside)] = paths[places]
        done += len(inside)
        state = State(path[-1], None if paths is None else paths[-1])
        if end < last:
            state = _after_break(system, k, direction, state, end, w)
        now = end
    if done < len(times):
        state = steady_state(system, k, direction, state, tolerances, now)
        x[done:] = state.x
        if s is not None and state.s is not None:
            s[done:] = state.s
    return Trajectory(x, s)


def breakpoints(system: OpenSystem, k: np.ndarray, last: float) -> list[float]:
    """Times in (0, last) at which a piecewise formula changes."""
    if not system.switches.breaks:
        return []
    return sorted({float(t) for t in system.break_times(k.tolist()) if 0 < t < last})


def switches_at(system: OpenSystem, k: np.ndarray, time: float) -> list[float]:
    return [float(bool(one)) for one in system.conditions((time,), k.tolist())] if system.switches.symbols else []


def _after_break(
    system: OpenSystem, k: np.ndarray, direction: np.ndarray | None, state: State, time: float, before: list[float]
) -> State:
    """Sensitivities jump where the breakpoint depends on a parameter: by (f before - f after) d(time)/dtheta."""
    if direction is None or state.s is None:
        return state
    own, values = k.tolist(), system.break_times(k.tolist())
    gradients = [
        np.array(gradient(own), dtype=float) @ direction
        for value, gradient in zip(values, system.break_gradients, strict=True)
        if value == time
    ]
    moves = next((one for one in gradients if np.any(one != 0)), None)
    if moves is None:
        return state
    after = switches_at(system, k, time * (1 + 1e-9))
    one, other = (np.array(system.rate((time,), state.x.tolist(), own, w)) for w in (before, after))
    return State(state.x, state.s + np.outer(moves, one - other))


def steady_state(
    system: OpenSystem,
    k: np.ndarray,
    direction: np.ndarray | None,
    start: State,
    tolerances: Tolerances,
    time: float = 0.0,
) -> State:
    """The state after which nothing changes any more, reached by integration; time stands still in the formulas.

    Raises IntegrationFailed for a system that does not come to rest.
    """
    w = switches_at(system, k, time)
    state, reach = start, 1.0
    while reach <= LONGEST:
        grid = np.array([time, time + reach])
        x, s = stretch(system, k, direction, state.x, state.s, grid, w, tolerances, frozen=True)
        following = State(x[-1], None if s is None else s[-1])
        if _settled(state, following, tolerances):
            return following
        state, reach = following, reach * 10
    raise IntegrationFailed("The system does not come to rest.")


def _settled(one: State, other: State, tolerances: Tolerances) -> bool:
    def still(a: np.ndarray | None, b: np.ndarray | None) -> bool:
        if a is None or b is None or b.size == 0:
            return True
        return bool((np.abs(a - b) <= SETTLED * np.abs(b) + 100 * tolerances.atol).all())

    return still(one.x, other.x) and still(one.s, other.s)
