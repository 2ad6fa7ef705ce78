"""The rate network as an experiment: truth, drift, splits, noise, input, and what it refuses."""

import math

import pytest
import torch

from hydra_llm.families.signal.system import RateField
from hydra_llm.systems.base import SPLITS, DivergenceError
from hydra_llm.systems.random_streams import stream
from recorded import samples_of

FOUR_TYPES = {"n_neuron_types": 4, "neuron_types": [[1, 0.3, 2, 0, 1, 0], [2, 0, 3, 1, 2, 0.5], [1, 0, 4, 2, 0.5, -1]]}


def reference_drift(system, u, external):
    """The equation, neuron by neuron, in plain Python loops over sources and targets."""
    truth, n = system.truth(), system.n_units
    rows = truth["type_parameters"][truth["neuron_type"]].tolist()
    W, u = truth["connectivity"].tolist(), u.tolist()
    phi = {"tanh": math.tanh, "relu": lambda x: max(x, 0.0), "sigmoid": lambda x: 1 / (1 + math.exp(-x))}[
        system.config.phi
    ]
    drift = []
    for i in range(n):
        a, b, g, s, _, _ = rows[i]
        message = g * sum(W[i][j] * phi((u[j] - rows[j][5]) / rows[j][4]) for j in range(n))
        add = 0.0
        if system.input_mode == "multiplicative":
            message *= external[i].item()
        elif system.input_mode == "additive":
            add = external[i].item()
        drift.append(-a * u[i] + b + s * math.tanh(u[i]) + message + add)
    return torch.tensor(drift, dtype=torch.float64)


@pytest.mark.parametrize("phi", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("mode", ["none", "additive", "multiplicative"])
def test_recorded_drift_is_the_published_equation(make_signal_system, simulate_signal, phi, mode):
    system = make_signal_system(
        n_neurons=7,
        n_neuron_types=3,
        neuron_types=FOUR_TYPES["neuron_types"],
        gain=0.5,
        phi=phi,
        n_frames=40,
        n_frames_validation=20,
        n_frames_test=20,
        start_frame=0,
        dtype="float64",
        connectivity_filling_factor=0.6,
        external_input_type="none" if mode == "none" else "oscillatory",
        external_input_mode=mode,
    )
    for arrays in simulate_signal(system).values():
        for frame in (0, 7, 19):
            external = arrays["external"][frame] if mode != "none" else None
            expected = reference_drift(system, arrays["activity"][frame], external)
            torch.testing.assert_close(arrays["drift"][frame], expected)


def test_the_weights_that_act_are_the_weights_that_are_stored(make_signal_system, simulate_signal):
    """An asymmetric mask: with transposed edges, weights without a partner in the other direction would not act."""
    system = make_signal_system(connectivity_filling_factor=0.5, start_frame=0, dtype="float64", n_frames=400)
    arrays, W = simulate_signal(system)["train"], system.truth()["connectivity"]
    lonely = (W != 0) & (W.T == 0)
    assert lonely.sum() > 50
    synaptic = (arrays["drift"] + arrays["activity"]) / 7
    acting = torch.linalg.lstsq(torch.tanh(arrays["activity"]), synaptic).solution.T
    torch.testing.assert_close(acting, W, atol=1e-6, rtol=1e-6)


def test_one_synapse_moves_its_target_and_not_its_source():
    W = torch.zeros((3, 3))
    W[2, 0] = 1.0  # from neuron 0 onto neuron 2
    rows = torch.tensor([[0.0, 0, 1, 0, 1, 0]]).expand(3, 6)
    field = RateField(W, rows, "tanh", "none")
    drift = field(torch.tensor([[1.0, 1.0, 1.0]]), None, torch.empty((1, 3)))
    torch.testing.assert_close(drift, torch.tensor([[0.0, 0.0, math.tanh(1)]]))


def test_renaming_neurons_renames_the_drift():
    n = 12
    W = torch.randn((n, n), generator=stream(0, "connectivity"), dtype=torch.float64)
    rows = torch.rand((n, 6), generator=stream(0, "types"), dtype=torch.float64) + 0.5
    u = torch.randn((5, n), generator=stream(0, "initial_state"), dtype=torch.float64)
    order = torch.randperm(n, generator=stream(1, "types"))
    drift = RateField(W, rows, "tanh", "none")(u, None, torch.empty_like(u))
    renamed = RateField(W[order][:, order], rows[order], "tanh", "none")(u[:, order], None, torch.empty_like(u))
    torch.testing.assert_close(renamed, drift[:, order])


def test_equal_seeds_give_equal_recordings_and_other_seeds_other_truths(make_signal_system, simulate_signal):
    keys = {"noise_model_level": 0.1, "measurement_noise_level": 0.1, "n_frames": 300}
    first, again = (simulate_signal(make_signal_system(**keys)) for _ in range(2))
    for split in SPLITS:
        for array, value in first[split].items():
            assert torch.equal(value, again[split][array])
    truths = [make_signal_system(seed=seed).truth()["connectivity"] for seed in (0, 1)]
    assert torch.corrcoef(torch.stack([W.ravel() for W in truths]))[0, 1].abs() < 0.2


def test_splits_are_different_trajectories_of_one_network(make_signal_system, simulate_signal):
    keys = {"external_input_type": "oscillatory", "external_input_mode": "additive", "noise_model_level": 0.1}
    recorded = simulate_signal(make_signal_system(**keys))
    assert {split: len(arrays["activity"]) for split, arrays in recorded.items()} == {
        "train": 1500,
        "validation": 300,
        "test": 400,
    }
    for array in ("activity", "external"):
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            assert not torch.allclose(recorded[one][array][:300], recorded[other][array][:300], atol=0.1)


def test_the_length_of_one_split_does_not_change_another(make_signal_system, simulate_signal):
    keys = {"noise_model_level": 0.2, "n_frames": 1200}
    short, long = (simulate_signal(make_signal_system(**keys, n_frames_test=n)) for n in (50, 1200))
    assert torch.equal(short["train"]["activity"], long["train"]["activity"])
    assert torch.equal(short["test"]["activity"], long["test"]["activity"][:50])


def test_burn_in_frames_are_integrated_and_not_recorded(make_signal_system, simulate_signal):
    keys = {"dtype": "float64", "n_frames": 300}
    later = simulate_signal(make_signal_system(start_frame=-40, **keys))["train"]["activity"]
    whole = simulate_signal(make_signal_system(start_frame=0, **keys))["train"]["activity"]
    torch.testing.assert_close(later[:200], whole[40:240])


def test_forward_difference_of_an_euler_recording_without_noise_is_the_drift(make_signal_system, simulate_signal):
    euler = make_signal_system(dtype="float64", integrator="euler", substeps=1)
    arrays = simulate_signal(euler)["train"]
    estimate = samples_of(arrays, target="finite_difference", delta_t=0.01).target
    torch.testing.assert_close(estimate, arrays["drift"][:-1], atol=1e-9, rtol=1e-9)


def test_drift_is_recorded_before_process_noise(make_signal_system, simulate_signal):
    arrays = simulate_signal(make_signal_system(noise_model_level=0.3, dtype="float64"))["train"]
    estimate = samples_of(arrays, target="finite_difference", delta_t=0.01).target
    kicks = (estimate - arrays["drift"][:-1]) * 0.01
    assert kicks.std() == pytest.approx(0.3, rel=0.02)


def test_measurement_noise_leaves_the_dynamics_alone(make_signal_system, simulate_signal):
    keys = {"measurement_noise_level": 0.2, "measurement_noise_unit": "absolute"}
    noisy = simulate_signal(make_signal_system(**keys))["train"]
    clean = simulate_signal(make_signal_system())["train"]
    assert torch.equal(noisy["clean_activity"], clean["activity"])
    assert torch.equal(noisy["drift"], clean["drift"])
    assert (noisy["activity"] - clean["activity"]).std() == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize("integrator", ["euler", "rk4"])
def test_noise_free_recordings_converge_as_substeps_grow(make_signal_system, simulate_signal, integrator):
    keys = {
        "integrator": integrator,
        "dtype": "float64",
        "n_frames": 100,
        "start_frame": 0,
        "gain": 2.0,
        "delta_t": 0.02,
    }
    ends = [simulate_signal(make_signal_system(substeps=s, **keys))["train"]["activity"][-1] for s in (1, 2, 4)]
    order = math.log2((ends[0] - ends[1]).norm() / (ends[1] - ends[2]).norm())
    assert order == pytest.approx({"euler": 1, "rk4": 4}[integrator], abs=0.3)


def test_gain_replaces_the_gain_of_every_type(make_signal_system):
    rows = make_signal_system(n_neuron_types=4, gain=2.0).truth()["type_parameters"]
    assert rows[:, 2].tolist() == [2, 2, 2, 2]
    assert rows[:, 0].tolist() == [1, 1, 2, 2]


def test_types_are_equal_blocks_and_shuffling_keeps_their_sizes(make_signal_system):
    blocks = make_signal_system(n_neuron_types=4).truth()["neuron_type"]
    shuffled = make_signal_system(n_neuron_types=4, shuffle_neuron_types=True).truth()["neuron_type"]
    assert blocks.tolist() == sorted(blocks.tolist())
    assert blocks.bincount().tolist() == shuffled.bincount().tolist() == [5, 5, 5, 5]
    assert not torch.equal(blocks, shuffled)


def test_triggered_input_reaches_only_the_chosen_neurons_after_its_first_frame(make_signal_system, simulate_signal):
    keys = {"external_input_type": "triggered", "external_input_mode": "additive", "triggered_n_impulses": 1}
    external = simulate_signal(make_signal_system(**keys))["train"]["external"]
    driven = external.abs().amax(0) > 0
    assert driven.sum() == 5
    onset = int(external.abs().amax(1).nonzero()[0])
    assert onset >= 50
    assert external[onset, driven].tolist() == [5.0] * 5
    assert not external[onset + 100 :].any()


def test_a_multiplicative_input_of_zero_leaves_the_network_alone(make_signal_system, simulate_signal):
    silent = make_signal_system(
        external_input_type="oscillatory", external_input_mode="multiplicative", oscillation_max_amplitude=0.0
    )
    expected = simulate_signal(make_signal_system())["train"]["activity"]
    assert torch.equal(simulate_signal(silent)["train"]["activity"], expected)


def test_divergence_reports_its_frame(make_signal_system, simulate_signal):
    system = make_signal_system(phi="relu", gain=100.0, start_frame=0)
    with pytest.raises(
        DivergenceError, match=r"diverged: unit \d+ of the \w+ trajectory .* frame \d+ \(time"
    ) as caught:
        simulate_signal(system)
    assert 0 < caught.value.frame < 1500


def test_divergence_in_the_burn_in_has_a_negative_frame(make_signal_system, simulate_signal):
    with pytest.raises(DivergenceError) as caught:
        simulate_signal(make_signal_system(phi="relu", gain=1000.0))
    assert caught.value.frame < 0


def test_spectral_radius_of_the_truth_counts_the_gain(make_signal_system):
    truth = make_signal_system(gain=3.0).truth()
    assert truth["gain_spectral_radius"] == pytest.approx(3 * truth["spectral_radius"].item(), rel=1e-6)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"delta_t": 0.0}, r"delta_t must be above 0, got 0.0"),
        ({"delta_t": -0.01}, r"delta_t must be above 0, got -0.01"),
        ({"substeps": 0}, "substeps must be at least 1, got 0"),
        ({"start_frame": 5}, "start_frame must be at most 0, got 5"),
        ({"phi": "tahn"}, "phi must be one of tanh, relu, sigmoid, got 'tahn'"),
        ({"n_neurons": 1}, "n_neurons must be at least 2, got 1"),
        ({"n_neuron": 10}, "no key .n_neuron.. Close to it: n_neurons"),
        ({"n_frames_test": 1}, "The test split must have at least 2 frames, got 1"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'"),
        ({"connectivity_type": "lowrank"}, r"connectivity_type must be one of.*got 'lowrank'"),
        (
            {"connectivity_type": "low_rank", "connectivity_rank": 21},
            r"connectivity_rank must be at most n_neurons \(20\), got 21",
        ),
        ({"connectivity_filling_factor": 0.0}, r"connectivity_filling_factor must be above 0 and at most 1, got 0.0"),
        ({"connectivity_filling_factor": 1.5}, r"connectivity_filling_factor must be above 0 and at most 1, got 1.5"),
        ({"Dale_law": True, "Dale_law_factor": 2.0}, r"Dale_law_factor must be between 0 and 1, got 2.0"),
        ({"noise_model_level": -1.0}, r"noise_model_level must be at least 0, got -1.0"),
        ({"noise_scaling": "none"}, "noise_scaling must be one of per_step, sqrt_dt, got 'none'"),
        ({"measurement_noise_level": -1.0}, r"measurement_noise_level must be at least 0, got -1.0"),
        (
            {"measurement_noise_unit": "percent"},
            "measurement_noise_unit must be one of relative, absolute",
        ),
        ({"external_input_type": "visual"}, r"external_input_type must be one of none,.*got 'visual'"),
        ({"external_input_type": "oscillatory"}, "external_input_type and external_input_mode must be 'none' together"),
        ({"external_input_mode": "additive"}, "external_input_type and external_input_mode must be 'none' together"),
        ({"external_input_mode": "sum"}, r"external_input_mode must be one of none,.*got 'sum'"),
        ({"integrator": "rk5"}, "integrator must be one of euler, rk4, got 'rk5'"),
        ({"n_neuron_types": 5}, "n_neuron_types must be at most 4, the number of default rows, got 5"),
        ({"n_neuron_types": 0}, "n_neuron_types must be at least 1, got 0"),
        (
            {"n_neuron_types": 2, "neuron_types": [[1, 0, 7, 0, 1, 0]]},
            r"neuron_types must have one row per type \(n_neuron_types=2\), got 1",
        ),
        ({"neuron_types": [[1, 0, 7]]}, r"A neuron type must be \[a, b, g, s, w, h\], got \[1, 0, 7\]"),
        (
            {"neuron_types": [[1, 0, 7, 0, 0, 0]]},
            r"The width w of a neuron type must not be 0, which divides by zero, got \[1.0, 0.0, 7.0, 0.0, 0.0, 0.0\]",
        ),
        (
            {"neuron_types": [[1, 0, float("nan"), 0, 1, 0]]},
            r"A neuron type must hold finite numbers, got \[1.0, 0.0, nan, 0.0, 1.0, 0.0\]",
        ),
        (
            {
                "external_input_type": "triggered",
                "external_input_mode": "additive",
                "triggered_amplitude_range": [2, 1],
            },
            "triggered_amplitude_range",
        ),
    ],
)
def test_a_value_that_describes_no_network_is_refused_with_a_sentence(make_signal_system, keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_signal_system(**keys)


def test_observation_record_holds_nothing_from_which_the_truth_could_be_drawn(make_signal_system):
    meta = make_signal_system(noise_model_level=0.1).observation_meta()
    assert not {"seed", "keys", "neuron_types", "gain", "phi", "connectivity_type", "noise_scaling"} & meta.keys()
    assert (meta["delta_t"], meta["dtype"]) == (0.01, "float32")
