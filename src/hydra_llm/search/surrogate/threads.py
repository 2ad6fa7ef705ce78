"""Linear algebra on one thread.

The matrices of a search are small: more threads gain nothing on an idle machine, and where jobs compute on the other
cores they wait for each other (measured: a decision 40 times as long).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """For the time of a `with`."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  # only libraries that are loaded are found

    return ThreadpoolController()
