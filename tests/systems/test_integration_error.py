"""The error of an integrator is measured on the recording, and falls with its order."""

import logging

import pytest
import torch

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.store import DatasetStore
from hydra_llm.systems.integration_error import LIMIT, IntegrationError, integration_error, sampled
from hydra_llm.training.simulation import simulate


@pytest.fixture
def error_of(simulate_system):
    def measure(system):
        recorded = simulate_system(system)["train"]
        frames = sampled(*recorded["activity"].shape)
        external = recorded["external"][frames] if "external" in recorded else None
        return integration_error(system, recorded["activity"][frames], external)

    return measure


@pytest.mark.parametrize(("integrator", "order"), [("euler", 1), ("rk4", 4)])
@pytest.mark.parametrize("family", ["signal", "metabolism", "flyvis"])
def test_halving_the_step_lowers_the_error_by_the_order_of_the_method(family, integrator, order, error_of, request):
    make = request.getfixturevalue(f"make_{family}_system")
    keys = {"integrator": integrator, "dtype": "float64", "noise_model_level": 0.0}
    coarse, fine = (error_of(make(**keys, substeps=substeps)).rms for substeps in (4, 8))
    kinks = family == "flyvis" and order > 1  # a voltage that crosses zero within a step costs two orders
    assert coarse / fine == pytest.approx(2**order, rel=0.8 if kinks else 0.15)


def test_the_known_error_of_euler_on_decay_is_measured(make_metabolism_system, error_of):
    """dc/dt = -c: a step of 0.1 adds -0.1 c, two of half the length -0.0975 c."""
    decay = {"homeostatic_lambda_per_type": [1.0, 1.0], "homeostatic_baseline_per_type": [0.0, 0.0]}
    still = {"log_k_min": -30.0, "log_k_max": -30.0, "delta_t": 0.1, "integrator": "euler", "substeps": 1}
    assert error_of(make_metabolism_system(**decay, **still)).rms == pytest.approx(0.0025 / 0.0975, rel=1e-6)


def test_defaults_are_converged_and_euler_is_not(make_signal_system, make_metabolism_system, error_of):
    for make in (make_signal_system, make_metabolism_system):
        assert error_of(make(dtype="float64")).rms < LIMIT
        assert not error_of(make(dtype="float64", integrator="euler", substeps=1)).is_small


def test_process_noise_hides_an_error_that_is_small_beside_it():
    assert not IntegrationError(rms=1e-4, maximum=1e-2, visible=1e-7).is_small
    assert IntegrationError(rms=1e-4, maximum=1e-2, visible=1e-3).is_small


def test_noise_and_precision_say_which_error_can_be_seen(make_signal_system, error_of):
    exact = error_of(make_signal_system(dtype="float64"))
    rounded = error_of(make_signal_system(dtype="float32"))
    noisy = error_of(make_signal_system(dtype="float64", noise_model_level=0.5))
    assert exact.visible < 1e-10 < rounded.visible < noisy.visible
    assert rounded.rms == pytest.approx(exact.rms, rel=0.1)  # measured in float64 all the same


def test_a_large_eye_is_sampled_at_fewer_frames():
    assert len(sampled(10, 5)) == 10
    assert len(sampled(64_000, 45_669)) < len(sampled(64_000, 1203)) == 256
    assert torch.equal(sampled(1000, 5)[[0, -1]], torch.tensor([0, 999]))


@pytest.mark.parametrize(("keys", "warns"), [({}, False), ({"integrator": "euler", "substeps": 1}, True)])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_record_holds_the_error_and_a_coarse_simulation_warns_with_a_remedy(
    keys, warns, noise, make_signal_system, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    system = make_signal_system(**keys, dtype="float64", measurement_noise_level=noise)
    quiet = {"enable_progress_bar": False}
    dataset = simulate(system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=(), **quiet)
    error = IntegrationError(**dataset.truth().meta["integration_error"])
    assert error.is_small is not warns
    said = [record for record in caplog.records if "twice as many would change" in record.getMessage()]
    assert [record.levelname for record in said] == ["WARNING" if warns else "INFO"]
    assert ("simulation.integrator=rk4" in said[0].getMessage()) is warns
