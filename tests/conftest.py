"""Fixtures that several floors share."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hydra_llm import job
from tiny_connectome import write_tiny_connectome
from unshipped import CONNECTOME, TRAINED, unshipped

# Systems small enough for any test; other keys are at their defaults, so that a test names only what it is about.
TINY_SIGNAL: dict[str, Any] = {
    "n_neurons": 20,
    "connectivity_rank": 5,
    "n_frames": 1500,
    "n_frames_validation": 300,
    "n_frames_test": 400,
    "dtype": "float32",
    "seed": 0,
    "triggered_n_impulses": 3,
    "triggered_n_input_neurons": 5,
    "triggered_min_start_frame": 50,
    "triggered_duration_frames": 100,
}

TINY_FLYVIS: dict[str, Any] = {
    "extent": 2,
    "n_frames": 120,
    "n_frames_validation": 60,
    "n_frames_test": 60,
    "sequence_duration": 0.6,
    "seed": 0,
}

TINY_METABOLISM: dict[str, Any] = {
    "n_metabolites": 12,
    "n_reactions": 18,
    "n_frames": 200,
    "n_frames_validation": 100,
    "n_frames_test": 100,
    "homeostatic_lambda_per_type": [0.001, 0.002],
    "homeostatic_baseline_per_type": [4.0, 6.0],
    "seed": 0,
}


@pytest.fixture(autouse=True)
def _log_level_as_it_was() -> Iterator[None]:
    """A job that a test runs lets Hydra set the level of the root logger; the next test starts without it."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)


@pytest.fixture
def make_signal_system() -> Callable[..., Any]:
    """signal_system(**keys) on a tiny network: give only the keys that the test is about."""
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.signal.system import signal_system

    return lambda **keys: signal_system(**{**TINY_SIGNAL, **keys})


@pytest.fixture
def make_metabolism_system() -> Callable[..., Any]:
    """metabolism_system(**keys) on a tiny network, other keys at their defaults."""
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.metabolism.system import metabolism_system

    return lambda **keys: metabolism_system(**{**TINY_METABOLISM, **keys})


@pytest.fixture
def tiny_connectome(tmp_path_factory) -> Path:
    """A connectome file of five cell types."""
    return write_tiny_connectome(tmp_path_factory.mktemp("connectome") / "tiny.json")


@pytest.fixture
def published_connectome() -> Path:
    """The connectome that flyvis publishes; not part of this repository."""
    return unshipped(CONNECTOME)


@pytest.fixture
def trained_network() -> Path:
    """A trained network of flyvis; not part of this repository."""
    return unshipped(TRAINED)


@pytest.fixture
def make_flyvis_system(tiny_connectome) -> Callable[..., Any]:
    """flyvis_system(**keys) on the tiny connectome, other keys at their defaults."""
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.flyvis.system import flyvis_system

    def make(**keys: Any) -> Any:
        return flyvis_system(**{**TINY_FLYVIS, "connectome": str(tiny_connectome), "device": "cpu", **keys})

    return make


@pytest.fixture
def simulate_signal(simulate_system) -> Callable[..., dict[str, dict[str, Any]]]:
    return simulate_system


@pytest.fixture
def simulate_system() -> Callable[..., dict[str, dict[str, Any]]]:
    """Run a system to its end in memory: {split: {array: Tensor [frame, neuron]}}, and the drift at its true states."""
    torch = pytest.importorskip("torch", reason="the science extra is not installed")

    def run(system: Any) -> dict[str, dict[str, Any]]:
        started = system.start()
        parts: dict[str, dict[str, list[Any]]] = {}
        for segment in system.segments():
            for recording in started.advance(segment):
                for array in system.arrays():
                    value = getattr(recording, array).clone()
                    parts.setdefault(recording.split, {}).setdefault(array, []).append(value)
        recorded = {split: {a: torch.cat(v) for a, v in arrays.items()} for split, arrays in parts.items()}
        for arrays in recorded.values():
            states = arrays.get("clean_activity", arrays["activity"])
            arrays["drift"] = system.drift(states, arrays.get("external"))
        return recorded

    return run


@pytest.fixture
def job_folder(tmp_path) -> Iterator[Path]:
    """The folder of a connected job, number 7; limits stand one level above."""
    folder = tmp_path / "7"
    folder.mkdir()
    job.open_job(folder, 7, tmp_path / job.LIMITS_NAME, time.time())
    yield folder
    job.close_job()
