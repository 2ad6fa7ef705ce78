"""Candidates from every source, as rows: spread over the space, around the leaders, crossed, or drawn from the density
of good ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hydra_llm.search.surrogate.encoding import Encoding, Rows, grid

SPREAD = 256
STEPS = 128  # moves of several parameters
CROSSED = 96
PARZEN = 128
GRID = 16  # values of one parameter that are tried around a leader
SIZES = (0.02, 0.05, 0.1, 0.2)  # standard deviations of a step, as a share of the range
BANDWIDTH = 0.12  # of the density of good configurations
UNIFORM = 0.15  # share of a parameter's draws that know nothing of the good ones


@dataclass(frozen=True)
class Leaders:
    """`rows` of the configurations believed best, best first, and the generator that candidates are drawn with."""

    encoding: Encoding
    rows: Rows
    rng: np.random.Generator


Source = Callable[[Leaders], Rows]


def spread(leaders: Leaders) -> Rows:
    """A scrambled Sobol sequence over the space."""
    return sobol(leaders.encoding, SPREAD, leaders.rng)


def sobol(encoding: Encoding, count: int, rng: np.random.Generator) -> Rows:
    from scipy.stats.qmc import Sobol  # half a second to import, and only this needs it

    size = 1 << max(0, count - 1).bit_length()
    return encoding.uniform(Sobol(len(encoding.dimensions), rng=rng).random(size)[:count])


def single(leaders: Leaders) -> Rows:
    """Every leader with one parameter at another value: all values, or a grid of them."""
    found = [moved for row in leaders.rows[:3] for moved in neighbours(leaders.encoding, row, GRID)]
    return np.array(found).reshape(len(found), len(leaders.encoding.dimensions))


def neighbours(encoding: Encoding, row: npt.NDArray[np.float64], most: int) -> list[npt.NDArray[np.float64]]:
    """Rows that differ in one parameter."""
    found = []
    for index in range(len(row)):
        if np.isnan(row[index]):
            continue
        for value in grid(encoding, index, most):
            if value != row[index]:
                moved = row.copy()
                moved[index] = value
                found.append(moved)
    return found


def steps(leaders: Leaders) -> Rows:
    """Leaders with some parameters moved a little, each source of a step of another size."""
    return perturbed(leaders, STEPS)


def perturbed(leaders: Leaders, count: int) -> Rows:
    rng, encoding = leaders.rng, leaders.encoding
    parameters = len(encoding.dimensions)
    rows = leaders.rows[rng.integers(len(leaders.rows), size=count)].copy()
    moves = rng.random(rows.shape) < max(1.0 / parameters, 0.3)
    moves[np.arange(count), rng.integers(parameters, size=count)] = True
    sizes = np.array(SIZES)[rng.integers(len(SIZES), size=count)][:, None]
    shifted = rows + sizes * rng.standard_normal(rows.shape)
    drawn = encoding.uniform(rng.random(rows.shape))
    changed = np.where(encoding.ordered[None, :], shifted, drawn)
    return np.where(moves & ~np.isnan(rows), changed, rows)


def crossed(leaders: Leaders) -> Rows:
    """Each parameter from one of two leaders, by a coin."""
    rng, count = leaders.rng, len(leaders.rows)
    if count < 2:
        return leaders.rows[:0]
    first, second = leaders.rows[rng.integers(count, size=CROSSED)], leaders.rows[rng.integers(count, size=CROSSED)]
    return np.where(rng.random(first.shape) < 0.5, first, second)


def parzen(leaders: Leaders) -> Rows:
    """Each parameter from a leader of its own with a normal step: draws from the product of the densities of good
    values, as a tree-structured Parzen estimator makes them.
    """
    rng, encoding = leaders.rng, leaders.encoding
    shape = (PARZEN, len(encoding.dimensions))
    picked = leaders.rows[rng.integers(len(leaders.rows), size=shape), np.arange(shape[1])[None, :]]
    near = np.where(encoding.ordered[None, :], picked + BANDWIDTH * rng.standard_normal(shape), picked)
    drawn = encoding.uniform(rng.random(shape))
    return np.where(rng.random(shape) < UNIFORM, drawn, near)


SOURCES: Mapping[str, Source] = {
    "spread": spread,
    "move": single,
    "step": steps,
    "recombine": crossed,
    "parzen": parzen,
}
