"""Steps of Adam of several fits: one after the other, stacked by torch.func.vmap, and each compiled by torch.compile.

    python benchmarks/stacked_fits.py [--units 20 100 1000] [--fits 4] [--device cpu]

The network is that of the signal family (message and update functions, dense W), the step what its strategies take: one
batch, mean square error of du/dt, backward, Adam. Fits differ in their weights and their batches. All three ways run in
turn in one process, so that whatever else the machine does hits all of them; the ratios are medians over blocks, of
processor time on a CPU and of wall time on a GPU. Before that, a few steps show that the three give the same weights.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from _report import publish
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.optim import Adam

from hydra_llm.families.signal.model.gnn import SignalGNN

BATCH, HIDDEN, RATE = 8, 64, 1e-3
Step = Callable[[], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[20, 100, 1000])
    parser.add_argument("--fits", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    asked = parser.parse_args()
    device = torch.device(asked.device)
    rows = [row(n, asked.fits, asked.blocks, device) for n in asked.units]
    where = "the CPU" if device.type == "cpu" else torch.cuda.get_device_name(device)
    note = (
        f"Milliseconds of processor time (on a GPU: wall time) per step of all {asked.fits} fits on {where}, "
        f"{torch.get_num_threads()} threads, medians over "
        f"{asked.blocks} blocks in turn. x: times as fast as one after the other (median of the ratios of blocks, "
        "range). difference: largest one of a weight after five steps, stacked or compiled against one after the other."
    )
    name = "stacked_fits" if device.type == "cpu" else "gpu_stacked_fits"
    publish(name, "Several fits stacked, and compiled", rows, packages=("torch",), note=note)


def row(n_units: int, n_fits: int, n_blocks: int, device: torch.device) -> dict[str, object]:
    nets = [network(n_units, seed).to(device) for seed in range(n_fits)]
    u, target = (drawn(n_units, n_fits, seed).to(device) for seed in (0, 1))
    ways = {"one by one": one_by_one(nets, u, target), "stacked": stacked(nets, u, target)}
    ways["compiled"] = one_by_one(nets, u, target, torch.compile)
    weights = {}
    for name, (step, own) in ways.items():
        for _ in range(5):
            step()
        weights[name] = own()
    reference = weights["one by one"]
    difference = max(float((found - reference).abs().max()) for found in weights.values())
    lengths = {name: max(2, round(0.3 / seconds(step, 2, device))) for name, (step, _) in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(n_blocks):
        for name, (step, _) in ways.items():
            times[name].append(seconds(step, lengths[name], device))
    found: dict[str, object] = {"units": n_units, "fits": n_fits}
    for name, taken in times.items():
        found[f"{name} (ms)"] = f"{1e3 * statistics.median(taken):.3g}"
        if name != "one by one":
            ratios = [alone / own for alone, own in zip(times["one by one"], taken, strict=True)]
            found[f"x {name}"] = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    found["difference"] = f"{difference:.1e}"
    print(found, flush=True)
    return found


def network(n_units: int, seed: int) -> SignalGNN:
    return SignalGNN(
        n_neurons=n_units,
        hidden_dim=HIDDEN,
        n_layers=3,
        activation="tanh",
        embedding_dim=2,
        embedding_scale=1.0,
        W_init_scale=1.0,
        input_mode="none",
        generator=torch.Generator().manual_seed(seed),
        dtype=torch.float32,
    )


def drawn(n_units: int, n_fits: int, seed: int) -> Tensor:
    """[fit, batch, unit]"""
    return torch.randn(n_fits, BATCH, n_units, generator=torch.Generator().manual_seed(seed))


def loss(net: Callable[..., Tensor], u: Tensor, target: Tensor) -> Tensor:
    return (net(u, None) - target).square().mean()


Way = tuple[Step, Callable[[], Tensor]]  # one step of all fits, and W of all [fit, target, source]


def one_by_one(nets: list[SignalGNN], u: Tensor, target: Tensor, wrap: Callable = lambda net: net) -> Way:
    own = copy.deepcopy(nets)
    called = [wrap(net) for net in own]
    optimizers = [Adam(net.parameters(), lr=RATE, fused=True) for net in own]

    def step() -> None:
        for k, (net, optimizer) in enumerate(zip(called, optimizers, strict=True)):
            optimizer.zero_grad()
            loss(net, u[k], target[k]).backward()
            optimizer.step()

    return step, lambda: torch.stack([net.W.detach().clone() for net in own])


def stacked(nets: list[SignalGNN], u: Tensor, target: Tensor) -> Way:
    parameters, buffers = stack_module_state(copy.deepcopy(nets))  # type: ignore[arg-type]
    base = copy.deepcopy(nets[0]).to("meta")
    optimizer = Adam(parameters.values(), lr=RATE, fused=True)

    def alone(weights: dict[str, Tensor], held: dict[str, Tensor], u: Tensor, target: Tensor) -> Tensor:
        return loss(lambda *given: functional_call(base, (weights, held), given), u, target)

    slopes = vmap(grad(alone))

    def step() -> None:
        values = {name: value.detach() for name, value in parameters.items()}
        for name, slope in slopes(values, buffers, u, target).items():
            parameters[name].grad = slope
        optimizer.step()

    return step, lambda: parameters["W"].detach().clone()


def seconds(step: Step, times: int, device: torch.device) -> float:
    """Mean time of a step of all fits: of the processor; on a GPU, whose work has ended before and after, wall."""
    done, clock = lambda: None, time.process_time
    if device.type == "cuda":
        done, clock = torch.cuda.synchronize, time.perf_counter
    done()
    began = clock()
    for _ in range(times):
        step()
    done()
    return (clock() - began) / times


if __name__ == "__main__":
    main()
