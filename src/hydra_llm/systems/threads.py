"""How many cores a system is worth: one, for loops of tiny operations.

A network of a hundred neurons is advanced by operations of microseconds. Splitting them over cores gains nothing, and
costs a hundred times as much once another process holds one of the cores, because every operation then waits for it.
"""

import contextlib
from collections.abc import Iterator

import torch

SMALL = 1000  # units up to which one core is about as fast as several


@contextlib.contextmanager
def threads_for(n_units: int, wanted: int | None) -> Iterator[None]:
    """Compute on `wanted` cores inside the block; None: on one, if the system has at most SMALL units."""
    before = torch.get_num_threads()
    if wanted is not None or n_units <= SMALL:
        torch.set_num_threads(wanted or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
