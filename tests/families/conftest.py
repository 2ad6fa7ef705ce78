from collections.abc import Callable
from typing import Any

import pytest

from signal_fixtures import make_frames, make_net  # noqa: F401  # fixtures


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

    from hydra_llm.families.metabolism.model.gnn import ReactionGNN
    from hydra_llm.systems.random_streams import stream

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
            "activity": frames.activity,
        }
        return ReactionGNN(**{**settings, **keys})

    return make


@pytest.fixture
def make_graph_frames() -> Callable[..., Any]:
    """A random sparse network of relaxing neurons, recorded under noise: make_graph_frames(**keys) -> truth.

    truth: frames (target: drift), edge_index, input_index, W, tau, v_rest. Some neurons never rise above 0.
    """
    from types import SimpleNamespace

    import torch

    from hydra_llm.data.windows import Frames

    def make(
        n_neurons: int = 40, n_inputs: int = 8, degree: int = 5, n_frames: int = 2000, noise: float = 0.3, seed: int = 0
    ) -> SimpleNamespace:
        generator = torch.Generator().manual_seed(seed)

        def rand(*shape: int) -> torch.Tensor:
            return torch.rand(shape, generator=generator, dtype=torch.float64)

        target = torch.arange(n_neurons).repeat_interleave(degree)
        source = torch.cat([torch.randperm(n_neurons, generator=generator)[:degree] for _ in range(n_neurons)])
        W = torch.randn(len(source), generator=generator, dtype=torch.float64) / degree
        tau, v_rest = 0.02 + 0.1 * rand(n_neurons), rand(n_neurons) - 0.3
        v_rest[-2:] = -10.0  # never active
        external = rand(n_frames, n_inputs)
        input_index, dt = torch.arange(n_inputs), 0.02
        v, states, drifts = v_rest.clone(), [], []
        for k in range(n_frames):
            msg = torch.zeros(n_neurons, dtype=torch.float64).index_add(0, target, W * v.clamp_min(0)[source])
            drive = torch.zeros(n_neurons, dtype=torch.float64).index_copy(0, input_index, external[k])
            drift = (-v + msg + drive + v_rest) / tau
            states.append(v)
            drifts.append(drift)
            v = v + dt * drift + noise * torch.randn(n_neurons, generator=generator, dtype=torch.float64)
        frames = Frames(torch.stack(states), torch.stack(drifts), external)
        return SimpleNamespace(
            frames=frames,
            edge_index=torch.stack([source, target]),
            input_index=input_index,
            W=W,
            tau=tau,
            v_rest=v_rest,
            delta_t=dt,
        )

    return make


@pytest.fixture
def make_graph_net() -> Callable[..., Any]:
    """The network of a truth of make_graph_frames, before any fit: make_graph_net(truth, **keys)."""
    import torch
    from torch_geometric.data import Data

    from hydra_llm.families.flyvis.model.build import flyvis_gnn
    from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
    from hydra_llm.systems.random_streams import stream

    def make(truth: Any, seed: int = 0, **keys: Any) -> FlyvisGNN:
        n_neurons = truth.frames.activity.shape[1]
        graph = Data(edge_index=truth.edge_index, input_index=truth.input_index, num_nodes=n_neurons)
        settings = {"hidden_dim": 16, **keys}
        return flyvis_gnn(graph=graph, generator=stream(seed, "model_init"), dtype=torch.float64, **settings)

    return make


@pytest.fixture
def published_form() -> dict[str, Any]:
    """Keys of make_graph_net for the network of the publications."""
    return {"message_form": "square", "update_form": "generic", "embedding_dim": 2, "edge_embedding": True}
