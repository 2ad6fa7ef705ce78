"""Fits other than the default one, from the configuration to the score."""

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm import job
from hydra_llm.llm.tokens import image_tokens

ADAM = ("training.projection_iterations=0", "training.max_steps=40")


def test_a_rollout_objective_trains_on_finite_differences_of_the_recording(run_tiny):
    one, four = (run_tiny(*ADAM, f"training.time_step={T}", folder=f"T{T}") for T in (1, 4))
    assert one["connectivity_R2"] != four["connectivity_R2"]


def test_the_two_targets_agree_without_noise_and_part_with_it(run_tiny):
    def scores(level):
        return [
            run_tiny(f"training.target={t}", f"simulation.noise_model_level={level}", folder=f"{t}{level}")
            for t in ("drift", "finite_difference")
        ]

    drift, difference = scores(0.0)
    assert difference["oracle_connectivity_R2"] == pytest.approx(drift["oracle_connectivity_R2"], abs=1e-3)
    drift, difference = scores(0.1)
    assert drift["oracle_connectivity_R2"] > difference["oracle_connectivity_R2"] + 0.05


def test_an_additive_input_is_known_to_the_fit(run_tiny):
    metrics = run_tiny("simulation.external_input_type=oscillatory", "simulation.external_input_mode=additive")
    assert metrics["onestep_R2"] > 0.5


def test_a_multiplicative_input_needs_adam_and_the_error_says_so(run_tiny):
    driven = ("simulation.external_input_type=oscillatory", "simulation.external_input_mode=multiplicative")
    with pytest.raises(ValueError, match="training=signal_adam"):
        run_tiny(*driven)
    assert "connectivity_R2" in run_tiny(*driven, *ADAM)


def test_single_precision_runs_through(run_tiny):
    assert run_tiny("simulation.dtype=float32")["connectivity_R2"] > 0.3


def test_splines_and_functions_of_their_own_do_not_go_together(run_tiny):
    with pytest.raises(ValueError, match="spline_knots=0"):
        run_tiny("model=signal_gnn_types", "training.spline_knots=20")


def test_types_are_found_without_labels(run_tiny):
    metrics = run_tiny(
        "simulation=signal_types",
        "simulation.n_neuron_types=2",
        "simulation.neuron_types=[[1, 0, 7, 0, 1, 0], [2, 0, 7, 2, 1, 0]]",
        "simulation.n_frames=2000",
        "training.projection_iterations=120",
        "training.projection_starts=3",
        "training.projection_screening_iterations=30",
        "training.projection_frames=800",
    )
    assert metrics["connectivity_R2"] > 0.95
    assert metrics["cluster_accuracy"] == 1.0
    assert {"embedding_cluster_acc", "cluster_ari", "cluster_nmi"} <= set(metrics)


def test_two_small_figures_are_drawn_for_a_proposer_that_looks_and_for_nobody_else(run_tiny, tmp_path, monkeypatch):
    run_tiny()
    assert not list((tmp_path / "run").glob("*/*.png")), "callbacks.figures is off, and nobody looks"
    monkeypatch.setattr(job, "trial", lambda: {"sketches": True})
    run_tiny()
    drawn = sorted((tmp_path / "run").glob("*/*.png"))
    assert [path.relative_to(tmp_path / "run").as_posix() for path in drawn] == [
        "sketches/functions.png",
        "sketches/recovery.png",
    ]
    assert sum(image_tokens(path.read_bytes()) for path in drawn) < 1100


def test_figures_are_written(run_tiny, tmp_path):
    run_tiny("callbacks.figures=true", "simulation=signal_types")
    names = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert names == {
        *("activity", "spectrum", "weights", "functions", "eigenvalues", "rollout_test", "loss", "embedding"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("regime", ["signal_chaotic", "signal_low_rank", "signal_dale", "signal_sparse"])
def test_the_recipe_of_a_regime_recovers_its_connectivity(regime, run_composed, tmp_path):
    """As typed: train.py simulation=<regime> seed=1."""
    quiet = ("seed=1", "logger=none", "callbacks.figures=false", f"paths.datasets={tmp_path}")
    metrics = run_composed(tmp_path, f"simulation={regime}", *quiet)
    assert isinstance(metrics, dict)
    assert metrics["connectivity_R2"] > 0.99
    assert metrics["oracle_connectivity_R2"] > 0.999
