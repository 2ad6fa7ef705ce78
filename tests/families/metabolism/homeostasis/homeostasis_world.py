"""A small network of autocatalytic cycles with homeostasis of two types, and a model that knows its reactions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.metabolism.model.substrate import LogSubstrate
from hydra_llm.systems.random_streams import stream

N, CYCLES, FRAMES, DELTA_T = 12, 6, 160, 0.1
TYPES = torch.arange(N) * 2 // N
RATE = torch.tensor([0.01, 0.02], dtype=torch.float64)[TYPES]
BASELINE = torch.tensor([4.0, 6.0], dtype=torch.float64)[TYPES]


@dataclass(frozen=True)
class World:
    """frames: an Euler recording and its exact drift."""

    stoichiometry: Tensor
    orders: Tensor
    log_k: Tensor
    frames: Frames

    def homeostasis(self, c: Tensor) -> Tensor:
        return -RATE * (c - BASELINE)


def make_world() -> World:
    generator = stream(0, "connectivity")
    S, orders = torch.zeros(N, 3 * CYCLES, dtype=torch.float64), torch.zeros(N, 3 * CYCLES, dtype=torch.float64)
    for cycle in range(CYCLES):
        members = [(2 * cycle + step) % N for step in (0, 3, 10)]  # no pair of metabolites twice
        for place in range(3):
            food, catalyst = members[place], members[(place + 1) % 3]
            S[food, 3 * cycle + place], S[catalyst, 3 * cycle + place] = -1, 1
            orders[[food, catalyst], 3 * cycle + place] = 1
    log_k = -1.7 + 0.7 * torch.rand(3 * CYCLES, generator=generator, dtype=torch.float64)
    c = 1 + 8 * torch.rand(N, generator=generator, dtype=torch.float64)
    states, drifts = [], []
    for _ in range(FRAMES):
        v = 10**log_k * torch.exp(orders.T @ c.clamp_min(1e-8).log())
        drift = S @ v - RATE * (c - BASELINE)
        states.append(c)
        drifts.append(drift)
        c = c + DELTA_T * drift
    return World(S, orders, log_k, Frames(torch.stack(states), torch.stack(drifts), None))


def make_net(world: World) -> ReactionGNN:
    """Exact reactions, a silent node function."""
    built = ReactionGNN(
        stoichiometry=world.stoichiometry,
        orders=world.orders,
        freeze_stoichiometry=True,
        substrate_form="log",
        hidden_dim_sub=8,
        n_layers_sub=2,
        hidden_dim_node=16,
        n_layers_node=3,
        activation="tanh",
        embedding_dim=2,
        embedding_scale=0.1,
        log_k_init=(-2.0, -1.0),
        input_mode="none",
        generator=stream(0, "model_init"),
        dtype=torch.float64,
        activity=world.frames.activity,
    )
    assert isinstance(built.substrate, LogSubstrate)
    mlp = built.substrate.mlp
    last = mlp.net[-1]
    assert isinstance(last, torch.nn.Linear)
    assert mlp.linear is not None
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(built.substrate.log_mean)
        mlp.linear.weight.copy_(torch.stack([built.substrate.log_sd, torch.zeros(())])[None])
        built.log_k.copy_(world.log_k)
    return built
