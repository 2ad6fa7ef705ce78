"""A recording of the user's own, from the file to weights with intervals; no truth is needed, and none is looked at."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from truth_blind import assert_blind_to_truth

from hydra_llm.families.signal.recorded.trust.again import Regressed

UNITS, SMALL = 16, ("logger=none", "callbacks.figures=false", "training.rollout_frames=100")
REGIME = (f"simulation.n_neurons={UNITS}", "simulation.n_frames=2500", "simulation.n_frames_test=200", "seed=1")


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("recording")


@pytest.fixture
def simulated(cache, run_composed):
    """Metrics of a fit of a simulated regime, and the folder in which its recording lies: u.npy, w.npy."""
    where = cache / "metrics.json"
    if not where.exists():
        metrics = run_composed(cache / "run", *SMALL, *REGIME, f"paths.datasets={cache}/datasets")
        (dataset,) = (path.parent for path in (cache / "datasets").glob("*/record.json"))
        shutil.copy(dataset / "observations" / "train" / "activity.npy", cache / "u.npy")
        shutil.copy(dataset / "truth" / "connectivity.npy", cache / "w.npy")
        where.write_text(json.dumps(metrics))
    return json.loads(where.read_text()), cache


@pytest.fixture
def run_recording(run_composed, tmp_path):
    def make(path, *overrides, folder="run", **more):
        own = ("simulation=recording", f"simulation.path={path}", f"paths.datasets={tmp_path}/datasets")
        return run_composed(tmp_path / folder, *own, *SMALL, *overrides, **more)

    return make


def _npz(path, u):
    np.savez(path, activity=u, time=0.01 * np.arange(len(u)))


def _csv(path, u):
    rows = np.column_stack([0.01 * np.arange(len(u)), u])
    titles = ",".join(["time", *(f"cell {k}" for k in range(u.shape[1]))])
    np.savetxt(path, rows, delimiter=",", header=titles, comments="", fmt="%.17g")


def _h5(path, u):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        file["activity"], file["time"] = u, 0.01 * np.arange(len(u))


def _nwb(path, u):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        series = file.create_group("acquisition/rates")
        series["data"], series["starting_time"] = u, 0.0
        series["starting_time"].attrs["rate"] = 100.0


def _zarr(path, u):
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    root = zarr.open_group(str(path), mode="w")
    root["activity"], root["time"] = u, 0.01 * np.arange(len(u))


WRITERS = {".npz": _npz, ".csv": _csv, ".h5": _h5, ".nwb": _nwb, ".zarr": _zarr}


def test_the_weights_of_a_simulated_recording_come_back_from_a_file(simulated, run_recording, tmp_path):
    reference, folder = simulated
    _npz(tmp_path / "a.npz", np.load(folder / "u.npy"))
    metrics = run_recording(tmp_path / "a.npz", f"simulation.truth_path={folder / 'w.npy'}")
    assert reference["connectivity_R2"] > 0.95
    assert metrics["connectivity_R2"] == pytest.approx(reference["connectivity_R2"], abs=0.01)
    assert "message_band" not in metrics, "a smooth recording leaves no noise to count"
    assert {row["message_low_95"] for row in _rows(tmp_path / "run" / "functions.csv")} == {""}
    run_recording(tmp_path / "a.npz", folder="blind")
    for name in ("weights.csv", "functions.csv"):
        assert (tmp_path / "blind" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


@pytest.mark.parametrize("ending", WRITERS)
def test_a_fit_sees_the_same_numbers_whatever_the_format(ending, simulated, tmp_path):
    from hydra_llm.families.signal.recorded import recorded_network

    _, folder = simulated
    u = np.load(folder / "u.npy")
    WRITERS[ending](tmp_path / f"a{ending}", u)
    network = recorded_network(path=str(tmp_path / f"a{ending}"))
    assert network.delta_t == pytest.approx(0.01)
    stretches = [stretch.activity for split in ("train", "validation", "test") for stretch in network.parts[split]]
    np.testing.assert_array_equal(np.concatenate(stretches), u)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_without_a_truth_there_are_weights_with_intervals_and_no_score_against_a_truth(
    simulated, run_recording, tmp_path, capsys
):
    _, folder = simulated
    u = np.load(folder / "u.npy") + 0.02 * np.random.default_rng(0).standard_normal(
        (len(np.load(folder / "u.npy")), UNITS)
    )
    _npz(tmp_path / "a.npz", u)
    metrics = run_recording(tmp_path / "a.npz", "callbacks.figures=true", mode="RUN")
    assert not [name for name in metrics if "R2" in name and name.startswith(("connectivity", "oracle"))]
    assert metrics["measurement_noise"] == pytest.approx(0.02, rel=0.1)
    table = _rows(tmp_path / "run" / "weights.csv")
    assert len(table) == UNITS * (UNITS - 1)
    told = [row for row in table if not row["status"]]
    assert len(told) / len(table) == pytest.approx(metrics["connectivity_determined_share"])
    assert all(
        float(row["low_95"]) < float(row["low_90"]) < float(row["weight"]) < float(row["high_95"]) for row in told
    )
    page = (tmp_path / "run" / "trust.md").read_text()
    for check in ("Prediction", "Inputs", "Innovations", "Rollouts", "Halves", "Shifted inputs"):
        assert f"| {check} | **" in page
    assert 0 < metrics["trust_score"] < 1
    curves = _rows(tmp_path / "run" / "functions.csv")
    for name in ("message", "update"):
        assert all(float(row[f"{name}_low_95"]) < float(row[name]) < float(row[f"{name}_high_95"]) for row in curves)
        assert metrics[f"{name}_band"] > 0
    noise = [float(row["measurement_noise_sd"]) for row in _rows(tmp_path / "run" / "noise.csv")]
    assert np.median(noise) == pytest.approx(metrics["measurement_noise"], rel=1e-6)
    assert {"activity", "weights", "functions", "rollout_test", "loss"} <= {
        path.stem for path in (tmp_path / "run" / "figures").glob("*.png")
    }
    assert "oracle" not in capsys.readouterr().out  # the table of the terminal has no empty column


def test_training_gives_the_same_weights_where_the_truth_is_deleted(simulated, run_recording, compose_config, tmp_path):
    from hydra_llm.families.signal.fit import fit

    _, folder = simulated
    _npz(tmp_path / "a.npz", np.load(folder / "u.npy"))
    truth = f"simulation.truth_path={folder / 'w.npy'}"
    run_recording(tmp_path / "a.npz", truth)
    (dataset,) = (path.parent for path in (tmp_path / "datasets").glob("*/record.json"))
    cfg = compose_config("simulation=recording", f"simulation.path={tmp_path / 'a.npz'}", truth)
    assert_blind_to_truth(fit, dataset, cfg, tmp_path)


def test_on_a_known_graph_only_its_synapses_have_weights(run_composed, run_recording, tmp_path):
    sparse = ("simulation=signal_sparse", *REGIME, "training.spline_frames=300")
    run_composed(tmp_path / "sparse", *SMALL, *sparse, f"paths.datasets={tmp_path}/sparse_data")
    (dataset,) = (path.parent for path in (tmp_path / "sparse_data").glob("*/record.json"))
    W = np.load(dataset / "truth" / "connectivity.npy")
    np.save(tmp_path / "graph.npy", np.argwhere(W.T != 0).T)
    np.save(tmp_path / "w.npy", W)
    _npz(tmp_path / "a.npz", np.load(dataset / "observations" / "train" / "activity.npy"))
    known = (f"simulation.graph_path={tmp_path / 'graph.npy'}", f"simulation.truth_path={tmp_path / 'w.npy'}")
    metrics = run_recording(tmp_path / "a.npz", *known)
    found = {(int(row["target"]), int(row["source"])) for row in _rows(tmp_path / "run" / "weights.csv")}
    assert found == {(int(i), int(j)) for i, j in np.argwhere(W)}
    assert metrics["connectivity_R2"] > 0.95


def test_sessions_with_gaps_are_fitted_together(simulated, run_recording, tmp_path):
    _, folder = simulated
    u = np.load(folder / "u.npy")
    first, second = u[:900].copy(), u[950:]
    first[300:310, 4] = np.nan
    _npz(tmp_path / "a.npz", first)
    _npz(tmp_path / "b.npz", second)
    metrics = run_recording(f"[{tmp_path / 'a.npz'},{tmp_path / 'b.npz'}]", f"simulation.truth_path={folder / 'w.npy'}")
    assert metrics["connectivity_R2"] > 0.95


def test_the_derivative_that_only_a_simulator_knows_is_refused(simulated, run_recording, tmp_path):
    _, folder = simulated
    _npz(tmp_path / "a.npz", np.load(folder / "u.npy"))
    with pytest.raises(ValueError, match="a recording has none"):
        run_recording(tmp_path / "a.npz", "training.target=drift")


def test_a_run_without_a_file_says_how_to_name_one(run_recording):
    with pytest.raises(ValueError, match=r"python train\.py simulation=recording simulation\.path=activity\.npz"):
        run_recording("null")


def test_a_sweep_over_a_recording_reads_a_metric_that_needs_no_truth(compose_config):
    cfg = compose_config("simulation=recording")
    assert cfg.search.metric == "trust_score"
    shown = [cfg.search.metric, *cfg.search.show]
    assert not [name for name in shown if name.startswith(("test_", "oracle_", "connectivity_R2"))]


def test_a_trial_of_a_search_makes_no_regression_on_changed_recordings_and_scores_the_same(
    simulated, run_recording, tmp_path, compose_config, monkeypatch
):
    short = [text for text in compose_config("simulation=recording").search.trial_overrides if "regress_again" in text]
    assert short == ["training.regress_again=false"]
    regressions = []

    def counted(own, *args):
        regressions.append(own)
        return again(own, *args)

    again = Regressed.again
    monkeypatch.setattr(Regressed, "again", counted)
    _, folder = simulated
    _npz(tmp_path / "a.npz", np.load(folder / "u.npy"))
    trial = run_recording(tmp_path / "a.npz", *short, folder="trial")
    assert regressions == []
    page = (tmp_path / "trial" / "trust.md").read_text()
    assert page.count("Left out (training.regress_again=false)") == 2
    full = run_recording(tmp_path / "a.npz", folder="full")
    assert len(regressions) > 0
    assert trial["trust_score"] == full["trust_score"]


def test_inputs_that_nobody_recorded_are_counted_and_reported_from_the_file_to_the_page(
    simulated, run_recording, tmp_path, capsys
):
    _, folder = simulated
    left_out = 1
    _npz(tmp_path / "a.npz", np.load(folder / "u.npy")[:, left_out:])
    np.save(tmp_path / "w.npy", np.load(folder / "w.npy")[left_out:, left_out:])
    keys = ("training.latent_inputs=auto", "training.must_beat=[]", f"simulation.truth_path={tmp_path / 'w.npy'}")
    metrics = run_recording(tmp_path / "a.npz", *keys, mode="RUN")
    assert metrics["n_latent_inputs"] == left_out
    assert metrics["connectivity_R2"] > metrics["silenced_connectivity_R2"]
    shown = capsys.readouterr().out
    assert "n_latent_inputs" in shown
    assert "silenced_connectivity_R2" in shown
    page = (tmp_path / "run" / "trust.md").read_text()
    assert "Inputs that nobody recorded, found in what the fit leaves: 1." in page
    assert "Intervals take the number and the directions of the latent inputs as found" in page


VISIBLE = [slice(0, 12), slice(4, 16), [*range(8), *range(12, 16)]]  # units by session; every pair in one of them


@pytest.fixture
def sessions(tmp_path):
    """Files of three sessions that show different units of one network under noise, and its weights [target, source]
    in the order in which units first appear."""
    draws = np.random.default_rng(2)
    W = 6 * draws.standard_normal((UNITS, UNITS)) / UNITS**0.5
    np.fill_diagonal(W, 0)
    u, states = draws.standard_normal(UNITS), np.empty((9000, UNITS))
    for frame in range(-500, len(states)):
        if frame >= 0:
            states[frame] = u
        for _ in range(2):
            u = u + 0.01 * (-u + W @ np.tanh(u)) + 0.03 / 2**0.5 * draws.standard_normal(UNITS)
    names, files = np.array([f"cell {k}" for k in range(UNITS)]), []
    for number, (shown, part) in enumerate(zip(VISIBLE, np.split(states, 3), strict=True)):
        files.append(str(tmp_path / f"{number}.npz"))
        np.savez(files[-1], activity=part[:, shown], unit_names=names[shown], delta_t=0.02)
    np.save(tmp_path / "w.npy", W)
    return files, tmp_path / "w.npy"


def test_sessions_that_show_different_units_give_weights_over_all_of_them(sessions, run_recording, tmp_path, capsys):
    files, truth = sessions
    metrics = run_recording(f"[{','.join(files)}]", f"simulation.truth_path={truth}", mode="RUN")
    assert metrics["n_sessions"] == 3
    assert metrics["n_neurons"] == UNITS
    assert metrics["connectivity_together_share"] == 1
    assert metrics["connectivity_R2"] > metrics["averaged_connectivity_R2"] + 0.1
    assert metrics["connectivity_R2"] > metrics["alone_connectivity_R2"] + 0.3
    assert metrics["onestep_skill"] > 0
    rows = _rows(tmp_path / "run" / "weights.csv")
    assert {(row["target"], row["source"]) for row in rows} == {
        (f"cell {i}", f"cell {j}") for i in range(UNITS) for j in range(UNITS) if i != j
    }
    assert [row["hidden_units"] for row in _rows(tmp_path / "run" / "sessions.csv")] == ["4", "4", "4"]
    assert "n_sessions" in capsys.readouterr().out


def test_pairs_that_no_session_shows_together_have_no_weight(sessions, run_recording, tmp_path):
    files, _ = sessions
    metrics = run_recording(f"[{','.join(files[:2])}]", "callbacks.figures=true")
    assert metrics["connectivity_together_share"] == pytest.approx(1 - 2 * 16 / (UNITS * (UNITS - 1)))
    apart = [
        row
        for row in _rows(tmp_path / "run" / "weights.csv")
        if {int(row[end].split()[1]) // 4 for end in ("target", "source")} == {0, 3}
    ]
    assert len(apart) == 32
    assert {(row["weight"], row["low_95"], row["status"]) for row in apart} == {
        ("", "", "not determined: never recorded together")
    }
    assert "32 of 240 pairs were never recorded together" in (tmp_path / "run" / "trust.md").read_text()
    assert {"weights", "functions", "loss"} <= {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}


NOT_YET = {
    "training.latent_inputs=auto": "training.latent_inputs must be 0, got 'auto'",
    "training.target=smoothed": "training.target must be flow or finite_difference, got smoothing",
    "model=signal_gnn_types": "model.embedding_dim must be 0, got 2",
}


@pytest.mark.parametrize("key", NOT_YET)
def test_what_sessions_of_different_units_cannot_do_yet_is_refused_with_a_sentence(key, sessions, run_recording):
    files, _ = sessions
    from hydra_llm.families.errors import ExperimentError

    with pytest.raises(ExperimentError, match="Where sessions show different units") as refusal:
        run_recording(f"[{','.join(files)}]", key, "training.max_steps=0")
    assert NOT_YET[key] in str(refusal.value)


def test_intervals_come_from_fits_to_resampled_recordings_where_they_are_asked_for(simulated, run_recording, tmp_path):
    _, folder = simulated
    u = np.load(folder / "u.npy")
    _npz(tmp_path / "a.npz", u + 0.02 * np.random.default_rng(0).standard_normal(u.shape))
    short = ("training.max_steps=200", "training.must_beat=[]", "training.projection_iterations=0")
    metrics = run_recording(tmp_path / "a.npz", "training.bootstrap=5", *short)
    assert metrics["bootstrap_fits"] == 5
    table = _rows(tmp_path / "run" / "weights.csv")
    assert all(
        float(row["low_95"]) < float(row["weight"]) < float(row["high_95"]) for row in table if not row["status"]
    )
    curves = _rows(tmp_path / "run" / "functions.csv")
    assert all(float(row["message_low_95"]) < float(row["message_high_95"]) for row in curves)
    assert not (tmp_path / "run" / "bootstrap").exists()


def test_sessions_that_show_different_units_cannot_be_resampled(sessions, run_recording):
    files, _ = sessions
    with pytest.raises(ValueError, match=r"training\.bootstrap=5 needs sessions that all show the same units"):
        run_recording(f"[{','.join(files)}]", "training.bootstrap=5")
