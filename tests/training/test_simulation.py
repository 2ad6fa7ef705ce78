"""Simulation under Lightning: it stores what the system yields, once, quietly, and stores nothing when it fails."""

import logging
import warnings

import numpy as np
import pytest

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.callbacks.simulation_progress import SimulationProgress
from hydra_llm.data.store import DatasetStore
from hydra_llm.systems.base import DivergenceError
from hydra_llm.training.simulation import SimulationModule, simulate


@pytest.fixture
def store(tmp_path):
    return DatasetStore(tmp_path / "datasets")


def run(system, store, **trainer):
    return simulate(system, store, writer=DatasetWriter, callbacks=(), **{"enable_progress_bar": False, **trainer})


def test_the_stored_dataset_is_the_recording_of_the_system(store, make_signal_system, simulate_signal):
    system = make_signal_system(noise_model_level=0.1, n_frames=2300)
    observations, expected = run(system, store).observations(), simulate_signal(system)
    assert len(expected) == 3
    for split, arrays in expected.items():
        np.testing.assert_array_equal(observations.split(split).activity, arrays["activity"].numpy())


def test_the_oracle_derivative_is_added_where_it_is_asked_for_and_nothing_is_simulated_again(
    store, make_signal_system, simulate_signal, monkeypatch
):
    system = make_signal_system()
    plain = run(system, store)
    assert not (plain.path / "oracle").exists()
    monkeypatch.setattr(SimulationModule, "predict_step", lambda *_: pytest.fail("simulated again"))
    with_oracle = run(system, store, oracle=True)
    expected = simulate_signal(system)["test"]["drift"].numpy()
    np.testing.assert_allclose(with_oracle.oracle().drift("test"), expected, rtol=1e-4, atol=1e-5)


def test_a_dataset_is_simulated_once(store, make_signal_system, monkeypatch):
    first = run(make_signal_system(), store)
    monkeypatch.setattr(SimulationModule, "predict_step", lambda *_: pytest.fail("simulated again"))
    assert run(make_signal_system(), store) == first


def test_a_diverging_simulation_raises_its_frame_and_stores_nothing(store, make_signal_system):
    system = make_signal_system(phi="relu", gain=100.0, start_frame=0)
    with pytest.raises(DivergenceError, match=r"at frame \d+"):
        run(system, store)
    assert store.find(system) is None
    assert list(store.root.glob(".tmp-*")) == []


def test_simulation_prints_nothing_and_warns_of_nothing(store, make_signal_system, capfd):
    level = logging.getLogger("lightning.pytorch").level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(make_signal_system(), store)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("lightning.pytorch").level == level


def test_progress_is_shown_by_the_callback_that_is_handed_in(store, make_signal_system, capfd):
    simulate(make_signal_system(), store, writer=DatasetWriter, callbacks=[SimulationProgress()])
    assert "Simulating" in "".join(capfd.readouterr())
