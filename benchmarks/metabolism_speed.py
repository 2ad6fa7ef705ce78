"""Speed of the metabolism family at the published size, 100 metabolites, 256 reactions, 2,880 frames.

    python benchmarks/metabolism_speed.py

Simulation of all three splits; and one optimiser step of phase 1 at batch 8, as this project computes it and as a loop
over frames that gathers along edges, the formulation of the reference project written anew. Both loops use the same
network and are checked to give the same loss.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from _report import ROOT, publish, repeated, spread
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import Tensor
from torch.nn.functional import softplus

from hydra_llm.bootstrap import register
from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.adam import ReactionGradientPhase
from hydra_llm.families.metabolism.fitting.regularisers import reaction_regularisers
from hydra_llm.families.metabolism.model.gnn import LN10, ReactionGNN
from hydra_llm.families.metabolism.model.substrate import SMALLEST
from hydra_llm.families.metabolism.system import MetabolismSystem
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.objectives import FitObjective, OneStep
from hydra_llm.training.strategy import Batch, FitStep

PUBLISHED = MetabolismTraining(seed=0, coeff_k_floor=1.0, k_floor_threshold=-2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time simulation and phase-1 steps at the published size.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=150, help="steps per loop and repeat")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as a run of this size does
    register()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", overrides=["simulation=metabolism_rank_50"])
    system: MetabolismSystem = instantiate(cfg.simulation, _convert_="all")
    frames = simulated(system)
    seconds = repeated(lambda: simulated(system), options.repeats)
    rows = [{"what": "simulation, train + validation + test", **named(spread(seconds), "s")}]
    loops = {
        "step, one pass for the batch, logarithmic form": stepper(system, frames, "log", batched=True),
        "step, one pass for the batch, published form": stepper(system, frames, "softplus", batched=True),
        "step, loop over frames and edges, published form": stepper(system, frames, "softplus", batched=False),
    }
    same_loss(system, frames)
    wall: dict[str, list[float]] = {name: [] for name in loops}
    processor: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(options.repeats):  # in turn, so that a busy machine slows all alike
        for name, step in loops.items():
            began, busy = time.perf_counter(), time.process_time()
            for _ in range(options.steps):
                step()
            wall[name].append((time.perf_counter() - began) / options.steps)
            processor[name].append((time.process_time() - busy) / options.steps)
    rows += [
        {"what": name, **named(spread(wall[name], 1e-3), "ms"), "processor (ms)": 1e3 * statistics.median(own)}
        for name, own in processor.items()
    ]
    medians = [statistics.median(found) for found in processor.values()]
    note = (
        "Batch 8, perceptrons of 3 layers and 64 units in float64, Adam, the published penalties, one thread. The "
        f"loop over frames takes {medians[2] / medians[0]:.1f} times as long as the batched step of the default form "
        f"and {medians[2] / medians[1]:.1f} times as long as that of its own form. Processor: time of this process, "
        "less disturbed by other programs."
    )
    publish("metabolism_speed", "Metabolism at 100 x 256 x 2,880", rows, packages=("torch",), note=note)


def named(values: dict[str, float], unit: str) -> dict[str, float]:
    return {key if key == "repeats" else f"{key} ({unit})": value for key, value in values.items()}


def simulated(system: MetabolismSystem) -> Frames:
    """The training trajectory; the other splits are simulated beside it."""
    run = system.start()
    train = [r for segment in system.segments() for r in run.advance(segment) if r.split == "train"]
    return Frames(
        torch.cat([r.activity for r in train]), torch.cat([system.drift(r.activity, r.external) for r in train]), None
    )


def make_net(system: MetabolismSystem, frames: Frames, form: str) -> ReactionGNN:
    structure = system.structure()
    return ReactionGNN(
        stoichiometry=structure["stoichiometry"],
        orders=structure["substrate_orders"],
        freeze_stoichiometry=True,
        substrate_form=form,
        hidden_dim_sub=64,
        n_layers_sub=3,
        hidden_dim_node=64,
        n_layers_node=3,
        activation="tanh",
        embedding_dim=2,
        embedding_scale=0.1,
        log_k_init=(-2.0, 1.0),
        input_mode="none",
        generator=stream(0, "model_init"),
        dtype=torch.float64,
        activity=frames.activity,
    )


def make_phase(objective: FitObjective) -> ReactionGradientPhase:
    return ReactionGradientPhase(
        n_steps=1,
        batch_size=8,
        delta_t=0.1,  # no rollout asks for it
        training=PUBLISHED,
        objective=objective,
        regularisers=reaction_regularisers(PUBLISHED),
        batch_order=stream(0, "batch_order"),
        noise=stream(0, "training_noise"),
    )


class FrameLoop:
    """The published objective frame by frame, gathering and scattering along the edges of the bipartite graph."""

    horizon = 0

    def __init__(self, system: MetabolismSystem) -> None:
        network = system.network()
        self._substrate = network.orders.nonzero().T  # (metabolite, reaction) of every substrate edge
        self._order = network.orders[tuple(self._substrate)][:, None]
        self._net_edge = network.stoichiometry.nonzero().T
        self._coefficient = network.stoichiometry[tuple(self._net_edge)]

    def loss(self, net: ReactionGNN, batch: Batch, step: FitStep) -> Tensor:
        loss = batch.target.new_zeros(())
        k = (LN10 * net.log_k).exp()
        for c, target in zip(batch.state(), batch.target, strict=True):
            scaled = (c / net.substrate.scale)[self._substrate[0], None]
            message = net.substrate.mlp(torch.cat([scaled, self._order], dim=1))[:, 0]
            logs = message.abs().clamp_min(SMALLEST).log()
            product = logs.new_zeros(net.n_reactions).index_add(0, self._substrate[1], logs).exp()
            v = k * softplus(product)
            flux = self._coefficient * v[self._net_edge[1]]
            change = c.new_zeros(len(c)).index_add(0, self._net_edge[0], flux)
            features = torch.cat([(c / net.state_scale)[:, None], net.embedding.a], dim=1)
            predicted = change + net.node_func(features)[:, 0]
            loss = loss + torch.linalg.vector_norm(predicted - target)
        return loss


def same_loss(system: MetabolismSystem, frames: Frames) -> None:
    net, start = make_net(system, frames, "softplus"), torch.arange(0, 2880, 360)
    batch, step = Batch.of(frames, start, 0, 0.1), FitStep(0, 1, torch.Generator(), lambda: torch.zeros(()))
    losses = [
        objective.loss(net, batch, step).item() for objective in (OneStep(0.0, per_sample=True), FrameLoop(system))
    ]
    if abs(losses[0] - losses[1]) > 1e-9 * losses[0]:
        raise SystemExit(f"The two formulations differ: {losses}. Their times cannot be compared.")


def stepper(system: MetabolismSystem, frames: Frames, form: str, *, batched: bool) -> Callable[[], None]:
    """One optimiser step of phase 1, as a function."""
    phase = make_phase(OneStep(0.0, per_sample=True) if batched else FrameLoop(system))
    net = make_net(system, frames, form)
    optimizer = phase.optimizer(net)

    def step() -> None:
        phase.run(0, net, frames, optimizer, optimizer.step)

    step()  # the first one allocates
    return step


if __name__ == "__main__":
    main()
