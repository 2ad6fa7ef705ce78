"""Benchmarks are run by hand; here, that each of them still starts."""

from pathlib import Path

import pytest

from programs import PYTHON, run

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("[!_]*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_imports_what_it_names_and_says_what_it_takes(path):
    pytest.importorskip("torch", reason="the science extra is not installed")
    assert "usage: " in run([PYTHON, str(path), "--help"])
