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

    from hydra_llm.models.signal_gnn import SignalGNN
    from hydra_llm.systems.streams import stream

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


@pytest.fixture
def make_reaction_frames(make_metabolism_system, simulate_system) -> Callable[..., Any]:
    """Frames of a tiny reaction network's training trajectory, and the system: make_reaction_frames(**keys)."""
    from hydra_llm.data.windows import Frames

    def make(**keys: Any) -> tuple[Frames, Any]:
        system = make_metabolism_system(**keys)
        recorded = simulate_system(system)["train"]
        return Frames(recorded["activity"], recorded["drift"], recorded.get("external")), system

    return make


@pytest.fixture
def make_reaction_net() -> Callable[..., Any]:
    """A reaction network that is told the structure of a system and the scale of its frames."""
    import torch

    from hydra_llm.models.reaction_gnn import ReactionGNN
    from hydra_llm.systems.streams import stream

    def make(system: Any, frames: Any, seed: int = 0, **keys: Any) -> ReactionGNN:
        settings = {
            "stoichiometry": system.structure()["stoichiometry"],
            "orders": system.structure()["substrate_orders"],
            "freeze_stoichiometry": True,
            "substrate_form": "log",
            "hidden_dim_sub": 16,
            "n_layers_sub": 3,
            "hidden_dim_node": 16,
            "n_layers_node": 3,
            "activation": "tanh",
            "embedding_dim": 2,
            "embedding_scale": 0.1,
            "log_k_init": (-2.0, 1.0),
            "input_mode": system.input_mode,
            "generator": stream(seed, "model_init"),
            "dtype": torch.float64,
        }
        net = ReactionGNN(**{**settings, **keys})
        net.set_scales(frames.activity)
        return net

    return make
