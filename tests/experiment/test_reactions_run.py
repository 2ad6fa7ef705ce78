"""Reaction networks from files: a run, what it leaves behind, and what it may see."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "petab"
QUIET = ("logger=none", "training.n_starts=2")


@pytest.fixture
def needs_packages():
    pytest.importorskip("libsbml", reason="python-libsbml is not installed: pip install 'hydra-llm[sbml]'")
    pytest.importorskip("fides", reason="fides is not installed: pip install 'hydra-llm[sbml]'")


@pytest.fixture
def run_petab(needs_packages, run_composed, tmp_path):
    def make(*overrides, path=EXAMPLE / "cascade.yaml", folder="run"):
        own = ("simulation=petab", f"simulation.path={path}", f"paths.datasets={tmp_path}/datasets")
        return run_composed(tmp_path / folder, *own, *QUIET, *overrides)

    return make


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_petab_problem_is_fitted_with_intervals_tables_and_figures(run_petab, tmp_path):
    metrics = run_petab()
    folder = tmp_path / "run"
    assert metrics["nll"] < metrics["oracle_nll"]  # a maximum is above any other point
    assert metrics["nll"] == pytest.approx(-86.4653, abs=1e-3)
    assert metrics["parameters_determined"] == 8
    assert metrics["estimate_k_act"] == pytest.approx(0.5, rel=0.2)
    assert metrics == json.loads((folder / "metrics.json").read_text())
    rows = table(folder / "parameters.csv")
    assert all(float(row["low_95"]) < float(row["estimate"]) < float(row["high_95"]) for row in rows)
    inside = [float(row["low_95"]) <= float(row["nominal"]) <= float(row["high_95"]) for row in rows]
    assert sum(inside) >= 7  # the nominal values are those that made the data
    measured = table(folder / "measurements.csv")
    assert sum(float(row["residual"]) ** 2 for row in measured) == pytest.approx(metrics["chi2"], rel=1e-5)
    assert len(table(folder / "starts.csv")) == 2
    assert {path.stem for path in (folder / "figures").glob("*.png")} == {"fit", "profiles", "waterfall"}


def test_simulated_measurements_of_a_model_are_scored_against_its_parameters(needs_packages, run_composed, tmp_path):
    own = ("simulation=sbml", f"simulation.path={EXAMPLE / 'cascade.xml'}", "simulation.end_time=40")
    named = "simulation.estimate=[k_act,k_deact,k_cat,K_m,k_phos]"
    quiet = (*QUIET, "callbacks.figures=false", f"paths.datasets={tmp_path}/datasets")
    metrics = run_composed(tmp_path / "run", *own, named, *quiet)
    assert metrics["parameters_R2"] > 0.9
    assert metrics["parameters_coverage_95"] >= 0.8
    assert 0 <= metrics["oracle_nll"] - metrics["nll"] < 10  # half a chi-squared of five parameters
    rows = {row["parameter"]: row for row in table(tmp_path / "run" / "parameters.csv")}
    assert float(rows["k_cat"]["true"]) == 0.8


def test_a_product_of_two_parameters_determines_neither(needs_packages, run_composed, tmp_path):
    own = ("simulation=sbml", f"simulation.path={EXAMPLE / 'cascade.xml'}", "simulation.end_time=40")
    named = "simulation.estimate=[k_act,stimulus,k_deact]"
    quiet = (*QUIET, "callbacks.figures=false", f"paths.datasets={tmp_path}/datasets")
    metrics = run_composed(tmp_path / "run", *own, named, "simulation.bounds=[1e-2,1e2]", *quiet)
    rows = {row["parameter"]: row for row in table(tmp_path / "run" / "parameters.csv")}
    assert metrics["parameters_determined"] == 1
    assert rows["k_deact"]["status"] == ""
    assert "not determined" in rows["k_act"]["status"]
    assert "not determined" in rows["stimulus"]["status"]


def test_training_sees_no_value_of_the_truth(needs_packages, compose_config, tmp_path):
    from hydra.utils import instantiate

    from hydra_llm.data.store import DatasetStore
    from hydra_llm.training.simulation import simulate

    cfg = compose_config("simulation=sbml", f"simulation.path={EXAMPLE / 'cascade.xml'}", "simulation.end_time=40")
    system = instantiate(cfg.simulation, _convert_="all")
    from hydra_llm.callbacks.dataset_writer import DatasetWriter

    dataset = simulate(system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], enable_progress_bar=False)
    seen = json.loads((dataset.path / "observations" / "meta.json").read_text())["files"]
    assert dataset.truth().meta["reference"]["k_phos"] == 0.15
    assert "0.15" not in seen["model.xml"] + seen["parameters.tsv"]
    assert np.load(dataset.path / "observations" / "train" / "activity.npy").shape == (80, 1)


def test_a_fit_is_the_same_without_the_truth(needs_packages, run_petab, compose_config, tmp_path):
    import shutil

    from hydra_llm.families.fitting import FitContext
    from hydra_llm.families.reactions.fit import fit

    metrics = run_petab("training.profile=false", "callbacks.figures=false")
    (dataset,) = (path.parent for path in (tmp_path / "datasets").glob("*/record.json"))
    shutil.rmtree(dataset / "truth")
    cfg = compose_config("simulation=petab", "training.n_starts=2", "training.profile=false")
    found = fit(dataset, cfg.model, cfg.training, FitContext(tmp_path / "blind", {"enable_progress_bar": False}))
    assert found.evaluated.nll == metrics["nll"]


def test_a_fit_that_beats_no_constant_is_a_failed_run(run_petab, tmp_path):
    import shutil

    from hydra_llm.families.errors import FitFailed

    shutil.copytree(EXAMPLE, tmp_path / "problem")
    bounds = tmp_path / "problem" / "parameters.tsv"
    text = bounds.read_text()
    for name in ("k_cat", "scale_Kp"):
        text = text.replace(f"{name}\tlog10\t1e-3\t1e3", f"{name}\tlog10\t1e-3\t2e-3")  # a thousand times too small
    bounds.write_text(text)
    with pytest.raises(FitFailed, match="a constant for each observable leaves"):
        run_petab("training.profile=false", path=tmp_path / "problem" / "cascade.yaml")
    metrics = run_petab("training.profile=false", "training.must_beat=[]", path=tmp_path / "problem" / "cascade.yaml")
    assert metrics["nll"] > 0


@pytest.mark.parametrize("regime", ["petab", "sbml"])
def test_a_run_without_a_file_says_which_key_names_one(regime, run_composed, tmp_path):
    with pytest.raises(ValueError, match=rf"python train\.py simulation={regime} simulation\.path="):
        run_composed(tmp_path / "run", f"simulation={regime}", *QUIET)


def test_a_baseline_that_is_none_is_an_error(run_petab):
    from hydra_llm.families.errors import ExperimentError

    with pytest.raises(ExperimentError, match="must_beat may hold constant, got linear"):
        run_petab("training.must_beat=[linear]")
