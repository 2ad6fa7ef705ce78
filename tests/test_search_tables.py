"""benchmarks/search_tables.py: grids that grow, runs that are kept, tables that are whole."""

import json
import logging
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import search_tables

    yield search_tables
    logging.disable(logging.NOTSET)


@pytest.fixture
def small(bench, monkeypatch, tmp_path):
    """A grid of two configurations that grows to four, whose runs need no training."""
    from _recovery_grids import GRIDS, Grid

    grid = Grid("signal", (), {"a": (1, 3), "b": (0,)}, (("a", 2), ("b", 5)))
    monkeypatch.setattr(bench, "GRIDS", {"small": grid})
    monkeypatch.setattr(bench, "RUNS", tmp_path / "runs.jsonl")
    monkeypatch.setattr(bench, "AGAIN", 1)
    assert GRIDS["signal"].recordings == grid.recordings
    return grid


def answer(cell, datasets):
    _, values, recording, training = cell
    values = json.loads(values)
    return None if values["a"] == 3 else values["a"] + recording / 10 + (training != recording) / 7


def test_a_grid_grows_by_a_value_at_a_time_and_every_configuration_comes_once(bench, small):
    parts = [small.added(grown) for grown in range(3)]
    assert [len(part) for part in parts] == [2, 1, 3]
    assert parts[0] == [{"a": 1, "b": 0}, {"a": 3, "b": 0}]
    assert parts[1] == [{"a": 2, "b": 0}]
    cells = list(bench.cells(["small"]))
    assert len(cells) == len(set(cells)) == 6 * 5 + 5
    assert [training - recording for _, _, recording, training in cells[10:15]] == [bench.OTHER] * 5


def test_the_largest_complete_grid_is_written_and_what_ran_does_not_run_again(bench, small, monkeypatch):
    ran = []
    monkeypatch.setattr(bench, "trained", lambda cell, datasets: ran.append(cell) or answer(cell, datasets))
    bench.work(["small"], 9)
    assert bench.packed("small", bench.stored(bench.RUNS)) is None, "the core lacks a run"
    bench.work(["small"], 11)
    table = bench.packed("small", bench.stored(bench.RUNS))
    assert table["choices"] == {"a": [1, 2, 3], "b": [0]}
    first = small.recordings[1]
    assert [row[1] for row in table["scores"]] == [1 + first / 10, 2 + first / 10, None]
    assert len(table["again"]) == 5
    bench.work(["small"], None)
    assert len(ran) == len(set(ran)) == 35
    table = bench.packed("small", bench.stored(bench.RUNS))
    assert table["choices"] == {"a": [1, 2, 3], "b": [0, 5]}
    assert json.loads(bench.written({"small": table})) == {"small": table}


def test_a_cell_is_the_run_that_the_commands_of_the_shipped_pipeline_make(bench, tmp_path):
    """The composed configuration is shared by the cells of a recording; none of them may change it."""
    from _family_runs import trained

    grid = bench.GRIDS["signal"]
    values = {key: choices[-1] for key, choices in grid.core.items()}
    cell = ("signal", json.dumps(values), grid.recordings[0], 7)
    other = ("signal", json.dumps({**values, "training.batch_size": 4}), grid.recordings[0], 0)
    found = [bench.trained(one, str(tmp_path)) for one in (cell, other, cell)]
    words = [f"{key}={value}" for key, value in {**values, "training.seed": 7}.items()]
    places = [f"paths.datasets={tmp_path}", f"seed={grid.recordings[0]}"]
    whole = trained([*grid.words, *words, *places], grid.declared)
    assert found[0] == found[2] == whole["connectivity_R2"]
    assert found[1] != found[0]
