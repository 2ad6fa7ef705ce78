"""A real SLURM, brought up once per worker; the tests skip with a reason where it is not installed."""

from collections.abc import Iterator

import pytest
from cluster import Cluster, missing


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("submitit", reason="submitit is not installed")
    reason = missing()
    if reason:
        pytest.skip(reason)
    with Cluster() as up:
        yield up
