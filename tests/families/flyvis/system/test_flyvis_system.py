"""A recording of the fly's visual system: its equations, its sequences, and what is told about it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hydra_llm.families.flyvis.system.connectome_file import read_connectome_file
from hydra_llm.families.flyvis.system.run import FlyvisRun, sequences_at_once
from hydra_llm.families.flyvis.system.type_groups import OTHER, group_of
from hydra_llm.systems.base import SPLITS, DivergenceError
from hydra_llm.systems.random_streams import stream


def drift_by_edge(system):
    """The published drift in float64, edge by edge: f(v [neuron], luminance [input] or one for all)."""
    truth, inputs = system.truth(), system.structure()["input_index"].numpy()
    (source, target), W = truth["edge_index"].numpy(), truth["W"].double().numpy()
    tau, v_rest = truth["tau"].double().numpy(), truth["v_rest"].double().numpy()

    def slope(v, seen):
        current = np.bincount(target, weights=W * np.maximum(v[source], 0), minlength=len(v))
        current[inputs] += seen
        return (-v + current + v_rest) / tau

    return slope


def recompute(system, recorded, split, number):
    """Sequence `number` by the equations, float64, edge by edge, in the steps of the system: (voltages, drifts) [frame,
    neuron]."""
    starts = [*system.structure()[f"sequence_start_{split}"].tolist(), len(recorded["activity"])]
    own = slice(starts[number], starts[number + 1])
    light = recorded["external"][own].double().numpy()
    v = recorded["activity"][own.start].double().numpy()
    slope, dt = drift_by_edge(system), system.delta_t / system.substeps
    voltages, drifts = [], []
    for seen in light:
        voltages.append(v)
        drifts.append(slope(v, seen))
        for _ in range(system.substeps):
            k1 = slope(v, seen)
            if system.config.integrator == "euler":
                v = v + dt * k1
                continue
            k2 = slope(v + dt / 2 * k1, seen)
            k3 = slope(v + dt / 2 * k2, seen)
            v = v + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slope(v + dt * k3, seen))
    return np.array(voltages), np.array(drifts), own


EULER = {"integrator": "euler", "substeps": 1}  # as published


@pytest.mark.parametrize("keys", [{}, EULER, {**EULER, "tau_mode": "clamped"}, {"ablation_ratio": 0.3}])
def test_voltages_follow_the_equations(keys, make_flyvis_system, simulate_system):
    system = make_flyvis_system(noise_model_level=0.0, **keys)
    recorded = simulate_system(system)
    for split, number in (("train", 0), ("train", 3), ("test", 1)):
        voltages, drifts, own = recompute(system, recorded[split], split, number)
        scale = np.abs(voltages).max()
        np.testing.assert_allclose(recorded[split]["activity"][own], voltages, atol=1e-5 * scale)
        np.testing.assert_allclose(recorded[split]["drift"][own], drifts, atol=1e-4 * np.abs(drifts).max())


def test_trained_voltages_at_extent_2_follow_the_equations(
    make_flyvis_system, simulate_system, published_connectome, trained_network
):
    system = make_flyvis_system(
        connectome=str(published_connectome),
        parameters=str(trained_network),
        noise_model_level=0.0,
        n_frames=400,
        sequence_duration=4.0,
    )
    recorded = simulate_system(system)["train"]
    voltages, _, own = recompute(system, recorded, "train", 1)
    assert len(voltages) == 200
    np.testing.assert_allclose(recorded["activity"][own], voltages, atol=1e-5 * np.abs(voltages).max())


@pytest.mark.parametrize("tau_mode", ["unclamped", "clamped"])
def test_a_sequence_starts_from_the_steady_state_before_grey(
    tau_mode, make_flyvis_system, simulate_system, published_connectome, trained_network
):
    keys = {"connectome": str(published_connectome), "parameters": str(trained_network), "tau_mode": tau_mode}
    system = make_flyvis_system(noise_model_level=0.0, **keys)
    recorded = simulate_system(system)["train"]["activity"][0].double().numpy()
    grey = 0.3 + 0.4 * torch.rand(8, generator=stream(0, "initial_state/train"), dtype=torch.float64)[0].item()
    slope = drift_by_edge(system)
    v = system.truth()["v_rest"].double().numpy()
    for _ in range(100 * system.substeps):  # two seconds
        v = v + system.delta_t / system.substeps * slope(v, grey)
    np.testing.assert_allclose(recorded, v, atol=1e-5 * np.abs(v).max())
    assert np.abs(slope(v, grey)).max() < 0.2  # steady, but for the slowest types


def test_the_steady_state_before_mean_grey_is_the_published_one(
    make_flyvis_system, published_connectome, trained_network
):
    system = make_flyvis_system(
        extent=8,
        connectome=str(published_connectome),
        parameters=str(trained_network),
        noise_model_level=0.0,
        n_frames=2,
        n_frames_validation=2,
        n_frames_test=2,
    )
    (recording,) = FlyvisRun(system, grey=(0.5, 0.5)).advance(system.segments()[0])
    v = recording.activity[0]
    assert float(v.min()) == pytest.approx(-2.55, abs=0.01)
    assert float(v.max()) == pytest.approx(3.51, abs=0.01)
    assert float(v.mean()) == pytest.approx(0.43, abs=0.01)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("n_frames", [30, 120])  # one sequence, and several at once
def test_a_gpu_records_what_a_cpu_records(n_frames, make_flyvis_system, simulate_system):
    on_cpu, on_gpu = (simulate_system(make_flyvis_system(device=d, n_frames=n_frames)) for d in ("cpu", "cuda"))
    for split in SPLITS:
        for array in ("activity", "drift", "external"):
            torch.testing.assert_close(on_gpu[split][array], on_cpu[split][array], atol=1e-4, rtol=1e-4)


def test_sequences_start_adapted_and_splits_start_differently(make_flyvis_system, simulate_system):
    system = make_flyvis_system(noise_model_level=0.0)
    recorded = simulate_system(system)
    assert set(recorded) == set(SPLITS)
    first = {split: recorded[split]["activity"][0] for split in SPLITS}
    assert not torch.equal(first["train"], first["validation"])
    assert not torch.equal(first["validation"], first["test"])
    assert not torch.equal(recorded["validation"]["external"], recorded["test"]["external"])


def test_a_sequence_does_not_depend_on_what_else_is_recorded(make_flyvis_system, simulate_system):
    short, long = (simulate_system(make_flyvis_system(n_frames=n))["train"] for n in (60, 120))
    for array in ("activity", "drift", "external"):
        # products of another width round differently
        torch.testing.assert_close(short[array], long[array][:60], atol=1e-5, rtol=1e-5)


def test_segments_can_be_simulated_again_in_any_order(make_flyvis_system):
    system = replace(make_flyvis_system(), segment_bytes=1)  # one sequence per segment
    segments = system.segments()
    assert len(segments) == 8
    ordered = [system.start().advance(segment)[0].activity for segment in segments]
    run = system.start()
    backwards = [run.advance(segment)[0].activity for segment in reversed(segments)][::-1]
    for one, other in zip(ordered, backwards, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(("n_neurons", "n_frames"), [(443, 200), (1_203, 200), (13_741, 200), (45_669, 4000)])
def test_what_is_in_memory_at_once_is_bounded(n_neurons, n_frames):
    at_once = sequences_at_once(n_neurons, n_frames, torch.float32)
    assert 1 <= at_once <= 64
    assert at_once == 1 or at_once * n_neurons * n_frames * 4 <= 256 * 2**20


def test_every_published_type_has_a_group(published_connectome):
    names = [cell.name for cell in read_connectome_file(published_connectome).cell_types]
    assert len(names) == 65
    assert OTHER not in {group_of(name) for name in names}
    assert group_of("Glia1") == OTHER


def test_without_noise_a_difference_over_one_euler_step_is_the_drift(make_flyvis_system, simulate_system):
    system = make_flyvis_system(noise_model_level=0.0, dtype="float64", **EULER)
    train = simulate_system(system)["train"]
    starts = system.structure()["sequence_start_train"]
    slope = (train["activity"][1:] - train["activity"][:-1]) / system.delta_t
    inside = torch.ones(len(slope), dtype=torch.bool)
    inside[starts[1:] - 1] = False
    torch.testing.assert_close(slope[inside], train["drift"][:-1][inside])
    assert not torch.allclose(slope[~inside], train["drift"][:-1][~inside])


def test_process_noise_has_its_level_per_step_or_per_root_of_time(make_flyvis_system, simulate_system):
    for scaling, expected in (("per_step", 0.3), ("sqrt_dt", 0.3 * 0.02**0.5)):
        system = make_flyvis_system(noise_model_level=0.3, noise_scaling=scaling, substeps=1, n_frames=600)
        train = simulate_system(system)["train"]
        kicks = train["activity"][1:] - train["activity"][:-1] - system.delta_t * train["drift"][:-1]
        assert float(kicks[:29].std()) == pytest.approx(expected, rel=0.05)


def test_measurement_noise_is_on_the_recording_alone(make_flyvis_system, simulate_system):
    clean = simulate_system(make_flyvis_system())["train"]
    noisy = simulate_system(make_flyvis_system(measurement_noise_level=0.1, measurement_noise_unit="absolute"))["train"]
    assert torch.equal(noisy["clean_activity"], clean["activity"])
    assert torch.equal(noisy["drift"], clean["drift"])
    assert float((noisy["activity"] - clean["activity"]).std()) == pytest.approx(0.1, rel=0.05)


def test_clamped_time_constants_are_the_truth(make_flyvis_system, published_connectome, trained_network):
    keys = {"connectome": str(published_connectome), "parameters": str(trained_network)}
    assert float(make_flyvis_system(**keys).truth()["tau"].min()) < 0.02
    for substeps in (1, 8):  # the law is that of the recording, in whatever steps it is integrated
        clamped = make_flyvis_system(**keys, substeps=substeps, tau_mode="clamped")
        assert float(clamped.truth()["tau"].min()) == pytest.approx(0.02)


@pytest.mark.parametrize("keys", [{"delta_t": 0.08, "substeps": 1}, {"delta_t": 0.2, "substeps": 2}])
def test_an_unstable_step_is_refused_before_simulating(keys, make_flyvis_system):
    with pytest.raises(ValueError, match=r"shortest time constant \(0\.05 s\).*Choose substeps >="):
        make_flyvis_system(parameters="default", **keys)
    make_flyvis_system(parameters="default", tau_mode="clamped", **keys)
    make_flyvis_system(**{**keys, "parameters": "default", "substeps": None})


def test_a_network_that_diverges_says_so_while_it_adapts(make_flyvis_system):
    system = make_flyvis_system()
    system.truth()["W"].fill_(50.0)  # T4a -> Mi1 -> T4a, both exciting
    with pytest.raises(DivergenceError, match="diverged"):
        system.start().advance(system.segments()[0])


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"extent": 0}, r"extent must be at least 1 \(7 columns\), got 0"),
        ({"delta_t": 0.0}, r"delta_t must be above 0, got 0.0"),
        ({"substeps": 0}, "substeps must be at least 1, got 0"),
        ({"n_frames": 1}, "The train split must have at least 2 frames, got 1"),
        ({"dtype": "float16"}, "float16"),
        ({"tau_mode": "other"}, "tau_mode"),
        ({"visual_input_type": "radio"}, "radio"),
        ({"sequence_duration": 0.01}, "sequence_duration"),
        ({"ablation_ratio": 1.0}, "ablation_ratio"),
        ({"measurement_noise_level": -1.0}, "measurement_noise_level"),
        ({"device": "abacus"}, "abacus"),
        ({"integrator": "guess"}, "guess"),
    ],
)
def test_what_describes_no_recording_is_refused(keys, reason, make_flyvis_system):
    with pytest.raises(ValueError, match=reason):
        make_flyvis_system(**keys)


def test_the_record_holds_what_the_reader_needs_and_no_label(make_flyvis_system):
    system = make_flyvis_system()
    structure, truth, meta = system.structure(), system.truth(), system.truth_meta()
    n, n_edges = system.n_units, truth["W"].numel()
    assert structure["edge_index"].shape == truth["edge_index"].shape == (2, n_edges)
    assert structure["column"].shape == (n, 2)
    assert system.arrays() == {"activity": n, "external": len(structure["input_index"])}
    assert truth["tau"].shape == truth["v_rest"].shape == truth["neuron_type"].shape == (n,)
    assert meta["type_names"] == ["R1", "L1", "Lawf1", "Mi1", "T4a"]
    assert set(meta["groups"].values()) == {
        "R1-6 photoreceptors",
        "L lamina monopolar",
        "Lawf wide field",
        "Mi medulla intrinsic",
        "T4 motion, ON",
    }
    told = repr(system.observation_meta())
    assert not any(name in told for name in ("T4a", "default", "checkpoint"))


def test_only_what_changes_the_numbers_is_part_of_the_identity(make_flyvis_system, tiny_connectome, tmp_path):
    elsewhere = tmp_path / "copy.json"
    elsewhere.write_bytes(tiny_connectome.read_bytes())
    assert make_flyvis_system(connectome=str(elsewhere)).keys == make_flyvis_system().keys
    assert make_flyvis_system(delta_t=0.01).keys != make_flyvis_system().keys
