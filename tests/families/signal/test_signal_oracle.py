"""The oracle of rate networks finds the true weights wherever they act, and says where the data end."""

import pytest
import torch

from hydra_llm.families.signal.oracle import signal_oracle
from hydra_llm.families.signal.system import RateField
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.connectivity import connectivity_metrics
from recorded import samples_of


@pytest.fixture
def ask(make_signal_system, simulate_signal):
    """(oracle, scores of its least squares, system) of a tiny network with the keys given."""

    def run(target="drift", known=False, acting=None, **keys):
        system = make_signal_system(**{"n_frames": 3000, "n_neurons": 30, **keys})
        recorded, truth = simulate_signal(system), system.truth()
        field = RateField.from_truth(truth, system.config.phi, system.input_mode, torch.float64)
        samples = {split: samples_of(arrays, target=target, delta_t=0.01) for split, arrays in recorded.items()}
        synapses = truth["connectivity"] != 0 if known else None
        oracle = signal_oracle(samples["train"], samples["validation"], field, known_synapses=synapses)
        scores = connectivity_metrics(
            oracle.ls, field.effective_connectivity, identifiable=oracle.identifiable, prefix="oracle_connectivity"
        )
        return oracle, scores, field

    return run


@pytest.mark.parametrize("fill", [1.0, 0.9, 0.8, 0.5, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_sparsity_is_no_ceiling(ask, fill, seed):
    """Transposed edges in a simulator would cap this at about the filling factor."""
    _, scores, _ = ask(connectivity_filling_factor=fill, seed=seed, dtype="float64")
    assert scores["oracle_connectivity_R2"] > 0.999


@pytest.mark.parametrize(
    "keys",
    [
        {"connectivity_type": "low_rank"},
        {"Dale_law": True},
        {"Dale_law": True, "connectivity_filling_factor": 0.5},
        {"gain": 3.0},
        {"gain": 2.0, "seed": 1},
        {"n_neuron_types": 4},
        {"n_neuron_types": 2, "neuron_types": [[1, 0.5, 7, 0, 2, 0.5], [2, 0, 5, 1, 0.7, -0.3]]},
        {"phi": "sigmoid"},
        {"noise_model_level": 0.5},
        {"external_input_type": "oscillatory", "external_input_mode": "additive"},
        {"external_input_type": "oscillatory", "external_input_mode": "multiplicative"},
        {"external_input_type": "triggered", "external_input_mode": "multiplicative"},
        {"integrator": "rk4", "substeps": 2},
    ],
    ids=str,
)
def test_every_regime_is_solved_from_its_drift(ask, keys):
    _, scores, _ = ask(dtype="float64", **keys)
    assert scores["oracle_connectivity_R2"] > 0.999
    assert scores["oracle_connectivity_R2_slope"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("multiplicative", [False, True])
def test_knowing_which_synapses_exist_finds_the_same_weights(ask, multiplicative):
    mode = {"external_input_type": "oscillatory", "external_input_mode": "multiplicative"} if multiplicative else {}
    oracle, scores, field = ask(connectivity_filling_factor=0.3, known=True, dtype="float64", **mode)
    assert scores["oracle_connectivity_R2"] > 0.999999
    assert not oracle.ls[field.connectivity == 0].any()


def test_a_low_gain_is_a_limit_of_conditioning(ask):
    """At g = 1 activity decays onto few dimensions: the data, not the method, hide the weights."""
    weak, scores, _ = ask(gain=1.0, n_neurons=100)
    strong, _, _ = ask(gain=7.0, n_neurons=100)
    assert weak.condition_number > 1e4 * strong.condition_number
    assert weak.rank < 95
    assert strong.rank == 100
    assert scores["oracle_connectivity_R2"] < 0.999
    assert scores["oracle_connectivity_identifiable_share"] < 1
    assert "undetermined" in weak.sentence(0.0)
    assert "determine all 9900 synaptic weights" in strong.sentence(0.0)


def test_without_noise_a_forward_difference_is_as_good_as_the_drift(ask):
    assert ask(target="finite_difference", dtype="float64")[1]["oracle_connectivity_R2"] > 0.999


def test_with_noise_a_finite_difference_is_worse_and_ridge_helps(ask):
    oracle, scores, field = ask(target="finite_difference", noise_model_level=0.1)
    ridge = connectivity_metrics(oracle.ridge, field.effective_connectivity, identifiable=None, prefix="ridge")
    assert scores["oracle_connectivity_R2"] < 0.95
    assert ridge["ridge_R2"] > scores["oracle_connectivity_R2"]
    ceiling = oracle.ceiling("finite_difference")
    best = connectivity_metrics(ceiling, field.effective_connectivity, identifiable=None, prefix="best")
    assert best["best_R2"] >= ridge["ridge_R2"] - 0.01
    assert "Noise blurs a weight" in oracle.sentence(0.0)


def test_the_ceiling_is_least_squares_only_on_the_oracle_derivative_of_a_recording_that_determines_all(ask):
    strong, weak = (ask(gain=gain, n_neurons=20, n_frames=1500, dtype="float64")[0] for gain in (7, 0.3))
    assert strong.ceiling("drift") is strong.ls
    assert strong.ceiling("finite_difference") is not strong.ls
    assert not weak.identifiable.fill_diagonal_(True).all()
    assert weak.ceiling("drift") is weak.evidence


def test_intervals_of_the_evidence_hold_the_truth_as_often_as_they_say(ask):
    oracle, _, field = ask(target="finite_difference", noise_model_level=0.1)
    off = ~torch.eye(30, dtype=torch.bool)
    inside = ((oracle.evidence - field.effective_connectivity).abs() < 1.645 * oracle.evidence_error)[off]
    assert float(inside.double().mean()) == pytest.approx(0.9, abs=0.03)


def test_standard_errors_tell_the_error_that_is_made(ask):
    oracle, _, field = ask(target="finite_difference", noise_model_level=0.1)
    error = (oracle.ls - field.effective_connectivity).square().mean().sqrt()
    assert oracle.standard_error.square().mean().sqrt() == pytest.approx(error.item(), rel=0.15)


def test_silent_sources_are_not_identifiable_and_the_others_are_exact(ask):
    """relu neurons that never exceed zero send nothing: nobody can know their weights."""
    rows = [[1, 1, 0.8, 0, 1, 0], [1, -9, 0.8, 0, 1, 0]]
    oracle, scores, _ = ask(phi="relu", n_neuron_types=2, neuron_types=rows, noise_model_level=0.1, n_frames=2000)
    assert scores["oracle_connectivity_identifiable_share"] == pytest.approx(0.5, abs=0.02)
    assert not oracle.identifiable[:, 15:].fill_diagonal_(False)[:15].any()
    assert scores["oracle_connectivity_R2_identifiable"] > 0.999
    assert scores["oracle_connectivity_R2"] < 0.9


def test_measurement_noise_is_called_a_bias(ask):
    oracle, scores, _ = ask(measurement_noise_level=0.3)
    assert scores["oracle_connectivity_R2"] < 0.999
    assert "Measurement noise of 0.3" in oracle.sentence(0.3)


def test_scores_stand_beside_the_recovery_as_plain_floats(ask):
    scores = ask()[0].scores()
    assert scores["oracle_rank"] == 30
    assert scores["oracle_null_dimensions"] == 0
    assert all(isinstance(value, float) for value in scores.values())


def test_a_field_in_single_precision_is_refused(ask, make_signal_system):
    field = make_signal_system().field()
    samples = Samples(torch.zeros((5, 20)), torch.zeros((5, 20)), None)
    with pytest.raises(ValueError, match="float64"):
        signal_oracle(samples, samples, field, known_synapses=None)
