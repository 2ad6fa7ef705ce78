"""One thread for loops of tiny operations.

A network of a hundred neurons is advanced by operations of microseconds. Splitting them over cores gains nothing, and
costs a hundred times as much once another process holds one of the cores, because every operation then waits for it.
"""

import contextlib
from collections.abc import Iterator

import torch

SMALL = 1000  # units up to which one core is as fast as several


@contextlib.contextmanager
def one_thread(n_units: int) -> Iterator[None]:
    """Compute on one core inside the block, if the system has at most SMALL units."""
    before = torch.get_num_threads()
    if n_units <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
