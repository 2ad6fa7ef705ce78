"""benchmarks/scientist.py: spaces are those of shipped searches, and a family whose files are missing is left out."""

import argparse
import logging
import math
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_llm.search.space.space import Categorical
from hydra_llm.sweeper.grammar import from_params
from unshipped import CONNECTOME, TRAINED, unshipped

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
LONGER = {"training.data_augmentation_loop", "training.k_solve_interval"}  # of reactions: at half the shipped length


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scientist

    yield scientist
    logging.disable(logging.NOTSET)  # runs of the benchmark are quiet, in processes of their own


@pytest.mark.parametrize("name", ["signal", "metabolism", "flyvis"])
def test_every_value_that_a_sweep_may_take_is_one_of_the_shipped_search(bench, name):
    family = bench.FAMILIES[name]
    shipped = from_params(family.declared.params, OverridesParser.create()).dimensions
    assert {d.name for d in family.space.dimensions} == set(shipped)
    for own in family.space.dimensions:
        whole = shipped[own.name]
        values = own.choices if isinstance(own, Categorical) else (own.low, own.high)
        if own.name in LONGER and name == "metabolism":
            values = [2 * value for value in values]
        if isinstance(whole, Categorical):
            assert set(values) <= set(whole.choices)
        else:
            assert whole.low <= min(values) <= max(values) <= whole.high


def test_a_family_without_its_files_is_left_out_and_says_what_is_missing(bench, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "STORE", tmp_path / "none.jsonl")
    asked = argparse.Namespace(seeds=[5], families=("signal", "flyvis"), arms=("rules",), files={})
    assert bench.unfinished(asked) == [("signal", "rules", 5)]
    said = " ".join(capsys.readouterr().out.split())
    assert "flyvis is left out, because there is no fib25-fib19_v2.2.json and no flyvis_flow_0000_000.pt." in said
    asked.files = dict.fromkeys(bench.FILES, tmp_path)
    assert bench.unfinished(asked)[1:] == [("flyvis", "rules", 5)]


def test_files_are_looked_for_in_the_folder_that_is_named_then_in_the_cache(bench, tmp_path, monkeypatch):
    folder, cache = tmp_path / "data", tmp_path / "cache" / "hydra-llm"
    monkeypatch.setenv("HYDRA_LLM_DATA", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    assert bench.published("connectome") is None
    for place in (cache, folder):
        place.mkdir(parents=True)
        (place / bench.FILES["connectome"]).write_text("{}")
        assert bench.published("connectome") == place / bench.FILES["connectome"]


def test_a_file_that_is_named_and_not_there_is_one_sentence(bench, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["scientist.py", "--connectome", "nowhere.json"])
    with pytest.raises(SystemExit):
        bench._options()
    assert "must be a file, got nowhere.json" in " ".join(capsys.readouterr().err.split())


def test_the_page_names_the_seeds_that_ran_and_what_did_not_run(bench):
    rows = [
        {"family": "signal", "arm": arm, "seed": seed, "fresh": [score, None], "baseline": [0.0, 0.0]}
        for seed in (5, 7)
        for arm, score in (("rules", 0.9), ("scientist", 0.99))
    ]
    rules, scientist = bench.table(rows)
    assert scientist["search seeds"] == "5, 7"
    assert scientist["minus rules"] == "+0.50 +- 0.00"
    assert scientist["seeds won"] == "2 of 2"
    assert rules["digits of the selected"] == "0.50"
    written_on = [{**row, "family": "flyvis", "seed": 0} for row in rows]
    assert bench.note(rows + written_on).endswith(
        " Not run on search seeds from 5 on: signal (blind); metabolism (rules, scientist, blind); "
        "flyvis (rules, scientist, blind)."
    )


class Surface:
    """In place of runs of the fly: better with faster W and slower functions, failed without solutions in between."""

    def __init__(self):
        self.asked = []

    def of(self, family, values, recording):
        self.asked.append((tuple(values.items()), recording))
        if values["training.closed_form_interval"] == 0:
            return None
        fast, slow = (math.log10(values[f"training.learning_rate_{name}start"]) for name in ("W_", ""))
        value = 0.9 - 0.1 * (fast + 2.0) ** 2 - 0.1 * (slow + 4.5) ** 2 - 0.01 * recording
        return {"connectivity_R2": value - 0.3 * (values["training.closed_form_interval"] == 500)}


@pytest.mark.parametrize("arm", ["rules", "scientist", "blind"])
def test_a_sweep_selects_what_beats_the_baseline_on_recordings_that_it_did_not_see(bench, arm):
    runs = Surface()
    row = bench.swept("flyvis", arm, 5, runs)
    swept_on, fresh = {number for _, number in runs.asked[: bench.TRIALS]}, {14, 15, 16, 17}
    assert swept_on <= set(range(9, 14))
    assert {number for _, number in runs.asked[bench.TRIALS :]} == fresh
    assert len({values for values, _ in runs.asked[: bench.TRIALS]}) > bench.TRIALS / 2
    assert min(row["fresh"]) > max(row["baseline"])


@pytest.mark.slow
def test_the_baseline_of_the_fly_leaves_room_below_its_ceiling_and_is_run_once(bench, tmp_path, monkeypatch):
    files = {"connectome": unshipped(CONNECTOME), "parameters": unshipped(TRAINED)}
    runs, baseline = tmp_path / "runs.jsonl", bench.FAMILIES["flyvis"].space.baseline()
    found = bench.Table(runs, tmp_path / "data", files).of("flyvis", baseline, 0)
    assert 0.5 < found["connectivity_R2"] < found["oracle_connectivity_R2"] - 0.1
    assert str(files["connectome"].parent) not in runs.read_text()
    monkeypatch.setattr("_family_runs.trained", lambda *_: pytest.fail("it is in the table"))
    assert bench.Table(runs, tmp_path / "data", files).of("flyvis", baseline, 0) == found
