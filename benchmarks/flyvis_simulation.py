"""The fly's visual system: building it, one drift by sparse product and edge by edge, recordings, memory.

    python benchmarks/flyvis_simulation.py
    python benchmarks/flyvis_simulation.py --parameters best_chkpt --device cuda

Ratios are measured in turns within one run, so that another load on the machine meets both sides.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _report import publish, spread
from torch import Tensor

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.store import DatasetStore
from hydra_llm.families.flyvis.system import FlyvisSystem, flyvis_system
from hydra_llm.families.flyvis.system.connectome import build_connectome
from hydra_llm.training.simulation import simulate

SEQUENCES = (1, 8, 16, 32, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the simulation of the fly's visual system.")
    parser.add_argument("--connectome", help="path of the connectome file; without it, found as in a run")
    parser.add_argument("--parameters", default="varied", help="default, varied, or a trained checkpoint")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, help="threads of torch")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    keys = {"connectome": options.connectome, "parameters": options.parameters, "device": options.device}
    rows = [built(extent, keys, options.repeats) for extent in (1, 2, 8, 15)]
    rows += [row for extent in (2, 8) for row in drifts(system(keys, extent=extent), options.repeats)]
    rows += [recorded(keys, extent=2, n_frames=8000), recorded(keys, extent=8, n_frames=8000)]
    device = torch.cuda.get_device_name() if options.device == "cuda" else f"CPU, {torch.get_num_threads()} thread(s)"
    publish(
        "flyvis_simulation" if options.device == "cpu" else "flyvis_simulation_gpu",
        "Simulation of the fly's visual system",
        rows,
        packages=("torch", "lightning"),
        note=f"Device: {device}. A step is one drift and one Euler update of one sequence; an index_add loop is that "
        "edge by edge, one sequence at a time. Peak memory is that of the whole process up to then. Load average: "
        f"{os.getloadavg()[0]:.1f}.",
    )


def system(keys: dict[str, Any], **more: Any) -> FlyvisSystem:
    """flyvis_system() at the defaults of its schema."""
    return flyvis_system(**{"seed": 0, **keys, **more})


def built(extent: int, keys: dict[str, Any], repeats: int) -> dict[str, Any]:
    """Time of the network alone, and of a whole system from file to truth."""
    seconds = []
    for _ in range(repeats):
        build_connectome.cache_clear()
        began = time.perf_counter()
        eye = system(keys, extent=extent)
        seconds.append(time.perf_counter() - began)
    network = eye.connectome
    return {
        "what": "build the system",
        "extent": extent,
        "neurons": network.n_neurons,
        "edges": network.n_edges,
        "seconds": spread(seconds)["median"],
    }


def drifts(eye: FlyvisSystem, repeats: int) -> list[dict[str, Any]]:
    """One step by sparse product for growing batches, against a loop over edges, in turns."""
    device, dtype = eye.device, getattr(torch, eye.dtype)
    field, truth = eye.field(device), {name: value.to(device) for name, value in eye.truth().items()}
    edges, W, tau, v_rest = (truth[name] for name in ("edge_index", "W", "tau", "v_rest"))
    inputs = torch.from_numpy(eye.connectome.input_index).to(device)
    light = torch.full((len(inputs),), 0.5, dtype=dtype, device=device)
    dt = eye.delta_t / eye.substeps

    def edge_by_edge(v: Tensor) -> None:
        current = torch.zeros_like(v).index_add_(0, edges[1], W * v.relu()[edges[0]]).index_add_(0, inputs, light)
        v.add_((current + v_rest - v) / tau, alpha=dt)

    states = {n: torch.zeros((eye.n_units, n), dtype=dtype, device=device) for n in SEQUENCES}
    slopes = {n: torch.empty_like(state) for n, state in states.items()}

    def by_product(n: int) -> None:
        field(states[n], light[:, None].expand(-1, n), slopes[n])
        states[n].add_(slopes[n], alpha=dt)

    loop = v_rest.clone()
    with torch.inference_mode():
        runs: dict[int, Callable[[], None]] = {0: lambda: edge_by_edge(loop)}
        runs |= {n: (lambda n=n: by_product(n)) for n in SEQUENCES}
        seconds: dict[int, list[float]] = {n: [] for n in runs}
        for _ in range(repeats):
            for n, run in runs.items():
                seconds[n].append(timed(run, device) / max(1, n))
    medians = {n: statistics.median(times) for n, times in seconds.items()}
    size = {"extent": eye.connectome.lattice.extent, "neurons": eye.n_units, "edges": eye.connectome.n_edges}
    rows = [{"what": "step, index_add loop, 1 sequence", **size, "steps/s": 1 / medians[0], "times the loop": 1.0}]
    for n in SEQUENCES:
        ratio = statistics.median(a / b for a, b in zip(seconds[0], seconds[n], strict=True))
        what = f"step, sparse product, {n} sequence{'s' if n > 1 else ''} at once"
        rows.append({"what": what, **size, "steps/s": 1 / medians[n], "times the loop": ratio})
    return rows


def timed(work: Callable[[], None], device: torch.device, least: float = 0.05) -> float:
    """Seconds per call, over as many calls as fill `least` seconds."""
    work()
    calls, spent = 1, 0.0
    while spent < least:
        finish(device)
        began = time.perf_counter()
        for _ in range(calls):
            work()
        finish(device)
        spent = time.perf_counter() - began
        if spent < least:
            calls *= 2
    return spent / calls


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def recorded(keys: dict[str, Any], extent: int, n_frames: int) -> dict[str, Any]:
    """A whole recording with stimulus and noise, under Lightning, on the disk."""
    eye = system(keys, extent=extent, n_frames=n_frames, n_frames_validation=200, n_frames_test=200)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        store = DatasetStore(Path(folder))
        simulate(eye, store, writer=DatasetWriter, callbacks=(), enable_progress_bar=False)
        seconds = time.perf_counter() - began
    network = eye.connectome
    return {
        "what": f"record {n_frames:,} + 400 frames of scenes, noise 0.05, stored",
        "extent": extent,
        "neurons": network.n_neurons,
        "edges": network.n_edges,
        "seconds": seconds,
        "frames/s": (n_frames + 400) / seconds,
        "peak memory (GB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


if __name__ == "__main__":
    main()
