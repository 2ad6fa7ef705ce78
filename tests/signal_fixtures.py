"""Frames and networks of the signal family, for the tests of several rooms."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def make_frames(make_signal_system, simulate_signal) -> Callable[..., Any]:
    """Frames of a tiny network's training trajectory, and the system: make_frames(**keys)."""
    from hydra_llm.data.windows import Frames

    def make(**keys: Any) -> tuple[Frames, Any]:
        system = make_signal_system(**{"dtype": "float64", **keys})
        recorded = simulate_signal(system)["train"]
        return Frames(recorded["activity"], recorded["drift"], recorded.get("external")), system

    return make


@pytest.fixture
def make_net() -> Callable[..., Any]:
    import torch

    from hydra_llm.families.signal.model.gnn import SignalGNN
    from hydra_llm.systems.random_streams import stream

    def make(n_neurons: int = 20, seed: int = 0, **keys: Any) -> SignalGNN:
        settings = {
            "hidden_dim": 16,
            "n_layers": 3,
            "activation": "tanh",
            "embedding_dim": 0,
            "embedding_scale": 0.1,
            "W_init_scale": 1.0,
            "input_mode": "none",
            "dtype": torch.float64,
        }
        return SignalGNN(n_neurons=n_neurons, generator=stream(seed, "model_init"), **{**settings, **keys})

    return make
