"""A metabolic network as an experiment: truth, drift, splits, noise, input, and what it refuses."""

import itertools

import pytest
import torch

from hydra_llm.families.metabolism.system import ReactionField

OPEN = {"external_input_type": "modulation", "n_input_metabolites": 5, "modulation_period": 5.0}


def reference_drift(system, c, external):
    """The equation, reaction by reaction, in plain Python loops."""
    truth, S, orders = system.truth(), system.network().stoichiometry.tolist(), system.network().orders.tolist()
    n, m = len(S), len(S[0])
    k = (10 ** truth["log_k"]).tolist()
    rate, baseline = truth["homeostatic_lambda"].tolist(), truth["homeostatic_baseline"].tolist()
    drift = [-rate[i] * (c[i] - baseline[i]) for i in range(n)]
    for j in range(m):
        v = k[j]
        for i in range(n):
            factor = c[i] if system.truth_meta()["use_mass_action"] else c[i] / (5 + c[i])
            v *= factor ** orders[i][j]
        side = [i for i in range(n) if (orders[i][j] if system.input_mode.endswith("substrate") else S[i][j]) > 0]
        if system.input_mode.startswith("multiplicative"):
            v *= sum(external[i] for i in side) / len(side)
        for i in range(n):
            drift[i] += S[i][j] * v
    if system.input_mode == "additive":
        drift = [value + push for value, push in zip(drift, external, strict=True)]
    return torch.tensor(drift, dtype=torch.float64)


@pytest.mark.parametrize("mass_action", [True, False])
@pytest.mark.parametrize("mode", ["none", "additive", "multiplicative_substrate", "multiplicative_product"])
def test_recorded_drift_is_the_documented_equation(make_metabolism_system, simulate_system, mode, mass_action):
    driven = {} if mode == "none" else {**OPEN, "external_input_mode": mode}
    thin = {"concentration_min": 0.5, "concentration_max": 1.5}  # random reactions have orders up to six
    system = make_metabolism_system(use_mass_action=mass_action, cycle_fraction=0.5, **driven, **thin)
    for arrays in simulate_system(system).values():
        for frame in (0, 60):
            external = arrays["external"][frame].tolist() if driven else None
            expected = reference_drift(system, arrays["activity"][frame].tolist(), external)
            torch.testing.assert_close(arrays["drift"][frame], expected)


def test_equal_keys_give_equal_recordings_and_another_seed_another_network(make_metabolism_system, simulate_system):
    first, again, other = (simulate_system(make_metabolism_system(seed=seed)) for seed in (0, 0, 1))
    assert len(first) == 3
    for split, arrays in first.items():
        assert torch.equal(arrays["activity"], again[split]["activity"])
        assert not torch.equal(arrays["activity"], other[split]["activity"])


def test_the_three_splits_share_the_network_and_start_apart(make_metabolism_system, simulate_system):
    recorded = simulate_system(make_metabolism_system())
    starts = [arrays["activity"][0] for arrays in recorded.values()]
    assert len(starts) == 3
    assert all((a - b).abs().max() > 0.1 for a, b in itertools.pairwise(starts))


def test_the_length_of_one_split_leaves_the_others_bit_identical(make_metabolism_system, simulate_system):
    short, long = (simulate_system(make_metabolism_system(n_frames_validation=n)) for n in (50, 150))
    assert torch.equal(short["train"]["activity"], long["train"]["activity"])


def test_a_stored_field_is_the_field_that_was_simulated(make_metabolism_system, simulate_system):
    system = make_metabolism_system(use_mass_action=False)
    field = ReactionField.from_truth(system.truth(), system.structure(), system.truth_meta(), torch.float64)
    arrays = simulate_system(system)["test"]
    drift = field(arrays["activity"], None, torch.empty_like(arrays["activity"]))
    torch.testing.assert_close(drift, arrays["drift"])


def test_what_is_known_to_the_experimenter_holds_no_rate_constant(make_metabolism_system):
    system = make_metabolism_system()
    assert set(system.structure()) == {"stoichiometry", "substrate_orders"}
    assert not any(word in name for name in system.observation_meta() for word in ("seed", "log_k", "lambda", "_type"))


def test_measurement_noise_hides_the_state_and_leaves_the_dynamics_alone(make_metabolism_system, simulate_system):
    levels = ({}, {"measurement_noise_level": 0.3, "measurement_noise_unit": "absolute"})
    clean, noisy = (simulate_system(make_metabolism_system(**level))["train"] for level in levels)
    assert torch.equal(clean["activity"], noisy["clean_activity"])
    assert (noisy["activity"] - clean["activity"]).std().item() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(("scaling", "sd"), [("per_step", 0.01), ("sqrt_dt", 0.01 * 0.1**0.5)])
def test_process_noise_kicks_the_state_and_not_the_recorded_drift(make_metabolism_system, simulate_system, scaling, sd):
    still = {"log_k_min": -30, "log_k_max": -30, "homeostatic_lambda_per_type": [0.0, 0.0]}
    system = make_metabolism_system(noise_model_level=0.01, noise_scaling=scaling, substeps=2, **still)
    recorded = simulate_system(system)
    for arrays in recorded.values():
        assert arrays["drift"].abs().max() < 1e-20
        assert arrays["activity"].diff(dim=0).std().item() == pytest.approx(sd, rel=0.05)
    kicks = [arrays["activity"].diff(dim=0)[:90].flatten() for arrays in recorded.values()]
    assert torch.corrcoef(torch.stack(kicks)).triu(1).abs().max() < 0.1


def test_types_are_contiguous_blocks_with_their_own_lambda_and_baseline(make_metabolism_system):
    truth = make_metabolism_system().truth()
    assert truth["metabolite_type"].tolist() == [0] * 6 + [1] * 6
    assert truth["homeostatic_lambda"].unique().tolist() == [0.001, 0.002]
    assert truth["homeostatic_baseline"][[0, -1]].tolist() == [4.0, 6.0]


def test_types_without_values_of_their_own_scatter_around_the_mean(make_metabolism_system):
    drawn = {"homeostatic_lambda_per_type": None, "homeostatic_baseline_per_type": None, "n_metabolite_types": 4}
    truth = make_metabolism_system(homeostatic_strength=0.1, baseline_concentration=5.0, **drawn).truth()
    assert ((truth["type_lambda"] >= 0.05) & (truth["type_lambda"] <= 0.15)).all()
    assert ((truth["type_baseline"] >= 4) & (truth["type_baseline"] <= 6)).all()
    assert len(truth["type_lambda"].unique()) == 4


def test_the_initial_baseline_is_where_the_training_run_starts(make_metabolism_system, simulate_system):
    system = make_metabolism_system(baseline_mode="initial")
    start = simulate_system(system)["train"]["activity"][0]
    assert torch.equal(system.truth()["homeostatic_baseline"], start)


def test_every_modulation_reaches_the_first_metabolites_only_and_differs_by_split(
    make_metabolism_system, simulate_system
):
    recorded = simulate_system(make_metabolism_system(external_input_mode="multiplicative_substrate", **OPEN))
    for arrays in recorded.values():
        assert (arrays["external"][:, 5:] == 1).all()
        assert (arrays["external"][:, :5].std(dim=0) > 0).all()
        assert arrays["external"].min() >= 0
        assert arrays["external"].max() <= 2
    assert not torch.equal(recorded["validation"]["external"], recorded["test"]["external"])


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"n_reactions": 0}, "n_reactions must be at least 1, got 0"),
        ({"cycle_fraction": 1.5}, r"cycle_fraction must be between 0 and 1, got 1.5"),
        ({"cycle_length": 20}, r"cycle_length must be between 2 and n_metabolites \(12\), got 20"),
        ({"log_k_min": 0.0}, r"log_k_min must be at most log_k_max, got 0.0 and -1.0"),
        ({"concentration_min": 10.0}, r"concentration_min must be at least 0 and.*got 10.0 and 9.0"),
        ({"n_metabolite_types": 3}, r"homeostatic_lambda_per_type must have.*got 2"),
        ({"homeostatic_lambda_per_type": [0.1, -0.1]}, r"homeostatic_lambda_per_type must hold.*got \[0.1, -0.1\]"),
        ({"baseline_mode": "none"}, "baseline_mode must be one of fixed, initial, got 'none'"),
        ({"external_input_type": "visual", "external_input_mode": "additive"}, "movie"),
        ({**OPEN}, r"external_input_type and.*got 'modulation' and 'none'"),
        ({**OPEN, "external_input_mode": "multiplicative"}, "multiplicative_substrate"),
        (
            {**OPEN, "external_input_mode": "additive", "n_input_metabolites": 0},
            "n_input_metabolites must be at least 1 with an external input, got 0",
        ),
        ({**OPEN, "external_input_mode": "additive", "circadian_amplitude": 0.2}, "one known input"),
        ({"stoichiometry_seed": 42}, "identifiable=false"),
        ({"half_saturation": 0.0, "use_mass_action": False}, r"half_saturation must be above 0, got 0.0"),
        ({"integrator": "leapfrog"}, "leapfrog"),
        ({"delta_t": 0.0}, r"delta_t must be above 0, got 0.0"),
    ],
)
def test_what_describes_no_network_is_refused_with_a_sentence(make_metabolism_system, keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_metabolism_system(**keys).truth()
