"""Runs of the metabolism family, from the configuration to the score."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from truth_blind import assert_blind_to_truth  # noqa: E402

from hydra_llm import job  # noqa: E402
from hydra_llm.families.metabolism.config import MetabolismTraining  # noqa: E402
from hydra_llm.families.metabolism.fit import build_net, fit  # noqa: E402
from hydra_llm.llm.tokens import image_tokens  # noqa: E402

SMALL = "simulation=metabolism_small"
ADAM = ("training.projection_iterations=0", "training.solve_rate_constants=false")
OPEN = ("simulation.external_input_type=modulation", "simulation.n_input_metabolites=6")


def dataset_in(tmp_path):
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    return dataset


def test_a_run_recovers_the_constants_and_stands_beside_its_oracle(run_tiny, tmp_path):
    metrics = run_tiny(SMALL)
    assert metrics["rate_constants_R2"] > 0.99
    assert metrics["oracle_rate_constants_R2"] == pytest.approx(1)
    assert metrics["rate_constants_identifiable_share"] == 1
    assert {"alpha", "MLP_sub_R2", "n_outliers", "val_R2", "test_R2", "onestep_R2", "oracle_tied"} <= set(metrics)
    assert "stoichiometry_R2" not in metrics  # it was known
    assert "\nrate_constants_R2: " in (tmp_path / "run" / "analysis.log").read_text()


def test_the_oracle_of_reactions_alone_is_worse_than_the_joint_one(run_tiny):
    metrics = run_tiny("simulation=metabolism_strong_homeostasis")
    assert metrics["oracle_reactions_only_rate_constants_R2"] < 0.999 < metrics["oracle_rate_constants_R2"]
    assert metrics["rate_constants_R2"] > metrics["oracle_reactions_only_rate_constants_R2"]


def test_training_with_the_truth_deleted_gives_bit_identical_weights(run_tiny, compose_config, tmp_path):
    from tests.experiment.conftest import TINY_METABOLISM

    keys = (SMALL, "training.target=finite_difference")
    run_tiny(*keys)
    dataset = dataset_in(tmp_path)
    cfg = compose_config(*TINY_METABOLISM, *keys)

    assert_blind_to_truth(fit, dataset, cfg, tmp_path)


def test_an_untrained_network_knows_nothing_of_the_constants(compose_config, make_metabolism_system):
    """Equal seeds too: initialisation and rate constants draw from streams of their own."""
    cfg = compose_config("simulation=metabolism_oscillatory", "model.log_k_init=[-2,-1]")
    system = make_metabolism_system(n_metabolites=40, n_reactions=90)

    class Recorded:
        meta = {"external_input_mode": "none", "dtype": "float64"}  # noqa: RUF012
        structure = staticmethod(lambda name: system.structure()[name])

    net = build_net(cfg.model, MetabolismTraining(seed=0), Recorded(), None)  # type: ignore[arg-type]
    correlation = torch.corrcoef(torch.stack([net.log_k.detach(), system.truth()["log_k"]]))[0, 1]
    assert correlation.abs() < 0.3


def test_learned_coefficients_are_scored(run_tiny):
    metrics = run_tiny(
        SMALL,
        *ADAM,
        "training.freeze_stoichiometry=false",
        "training.learning_rate_S_start=0.02",
        "training.max_steps=60",
    )
    assert {"stoichiometry_R2", "stoichiometry_exact", "stoichiometry_sign_accuracy"} <= set(metrics)


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=reaction_gnn_published",),
        ("training.time_step=4", "training.target=finite_difference"),
        ("training.learning_rate_schedule=cosine", "training.noise_model_level=0.05"),
        ("training.k_solve_interval=10", "training.coeff_k_floor=1"),
    ],
)
def test_every_way_to_train_with_adam_runs_through(run_tiny, overrides):
    assert "rate_constants_R2" in run_tiny(SMALL, *ADAM, *overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ("simulation.circadian_amplitude=0.3",),
        (*OPEN, "simulation.external_input_mode=additive"),
        (*OPEN, "simulation.external_input_mode=multiplicative_substrate"),
        ("simulation.integrator=rk4", "simulation.substeps=2"),
        ("simulation.baseline_mode=initial",),
        ("simulation.dtype=float32",),
    ],
)
def test_every_kind_of_recording_is_learned(run_tiny, overrides):
    metrics = run_tiny(SMALL, *overrides)
    assert metrics["onestep_R2"] > 0.99
    assert metrics["rate_constants_R2"] > 0.9


def test_the_published_form_cannot_be_projected_and_the_error_says_so(run_tiny):
    with pytest.raises(ValueError, match=r"model\.substrate_form=log"):
        run_tiny(SMALL, "model=reaction_gnn_published")


def test_undetermined_constants_leave_the_oracle_a_spread_and_a_sentence(run_tiny, caplog):
    caplog.set_level("INFO")
    metrics = run_tiny(
        SMALL,
        "simulation.identifiable=false",
        "simulation.stoichiometry_seed=3",
        "simulation.n_metabolites=9",
        "simulation.n_reactions=28",
    )
    assert metrics["oracle_ls_rate_constants_R2_sd"] > 0.01
    assert metrics["oracle_rate_constants_R2_identifiable"] > 0.999
    assert metrics["rate_constants_identifiable_share"] < 1
    assert metrics["rate_constants_R2_identifiable"] > max(0.9, metrics["rate_constants_R2"])
    assert "Where they start decides those" in caplog.text


def test_the_sentence_says_where_the_oracle_is_no_ceiling(run_tiny, caplog):
    caplog.set_level("INFO")
    metrics = run_tiny(
        SMALL,
        *ADAM,
        "simulation.flux_limit=true",
        "simulation.measurement_noise_level=0.05",
        "simulation.measurement_noise_unit=absolute",
    )
    assert metrics["oracle_rate_constants_R2"] < 0.9999
    assert "flux limit" in caplog.text
    assert "Measurement noise of 0.05" in caplog.text


def test_small_figures_of_metabolism_are_drawn_for_a_proposer_that_looks(run_tiny, tmp_path, monkeypatch):
    run_tiny(SMALL)
    assert not list((tmp_path / "run").glob("*/*.png")), "callbacks.figures is off, and nobody looks"
    monkeypatch.setattr(job, "trial", lambda: {"sketches": True})
    run_tiny(SMALL)
    drawn = sorted((tmp_path / "run").glob("*/*.png"))
    assert [path.relative_to(tmp_path / "run").as_posix() for path in drawn] == [
        "sketches/functions.png",
        "sketches/recovery.png",
    ]
    assert sum(image_tokens(path.read_bytes()) for path in drawn) < 1100


def test_figures_are_written(run_tiny, tmp_path):
    run_tiny(SMALL, "callbacks.figures=true")
    names = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    expected = (
        "concentrations",
        "spectrum",
        "rate_constants",
        "identifiability",
        "substrate",
        "kinograph_test",
        "loss",
    )
    assert set(expected) <= names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("regime", "least"),
    [("metabolism_small", 0.999), ("metabolism_oscillatory", 0.95), ("metabolism_strong_homeostasis", 0.95)],
)
def test_the_recipe_of_a_regime_recovers_its_constants(regime, least, run_composed, tmp_path):
    """As typed: train.py simulation=<regime> seed=1."""
    quiet = ("seed=1", "logger=none", "callbacks.figures=false", f"paths.datasets={tmp_path}")
    metrics = run_composed(tmp_path, f"simulation={regime}", *quiet)
    assert isinstance(metrics, dict)
    assert metrics["rate_constants_R2"] > least
    assert metrics["oracle_rate_constants_R2"] > 0.999
