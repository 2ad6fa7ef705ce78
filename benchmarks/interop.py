"""Recordings of simulators that are not ours, recovered as well as our own recording of the same network.

python benchmarks/interop.py                              # five seeds of each simulator (hours of a shared core)
python benchmarks/interop.py --seeds 0,1 --simulators NEST ours --units 100 --frames 3000
python benchmarks/interop.py --table                      # rebuild the page from the runs that are kept

NEST and brian2 come with `pip install 'hydra-llm[interop]'`. Every run is kept in outputs/interop and not repeated.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from _report import ROOT

sys.path.insert(0, str(ROOT / "examples" / "interop"))
import brian2_network
import nest_network
from nwb_file import write_nwb
from rate_network import RateNetwork, Simulate

from hydra_llm.families.signal.system import RateField
from hydra_llm.systems.integrators import integrator
from hydra_llm.systems.trajectory import integrate

KEPT = ROOT / "outputs" / "interop"
GOAL = 0.01  # of R2, to our own recording of the same network


def ours(network: RateNetwork, W: np.ndarray) -> np.ndarray:
    """The same network by the integrator of this project (RK4, noise at the end of every step)."""
    rate = 1 / network.tau
    parameters = torch.tensor([[rate, 0.0, rate, 0.0, 1.0, 0.0]] * network.units, dtype=torch.float64)
    field = RateField(torch.from_numpy(W), parameters, "tanh", "none")
    draws, frames = torch.Generator().manual_seed(network.seed), network.burn_in + network.frames
    kicks = torch.randn(frames, network.substeps, 1, network.units, generator=draws, dtype=torch.float64)
    kicks *= network.noise / network.substeps**0.5
    start = torch.from_numpy(network.initial_state())[None]
    with torch.no_grad():
        states, _ = integrate(field, integrator("rk4"), start, frames, network.delta_t, network.substeps, None, kicks)
    return states[network.burn_in :, 0].numpy()


SIMULATORS: dict[str, Simulate] = {"NEST": nest_network.simulate, "brian2": brian2_network.simulate, "ours": ours}


def folder_of(simulator: str, network: RateNetwork) -> Path:
    return KEPT / f"{simulator}-{network.units}-{network.frames}-{network.noise:g}-{network.seed}"


def recorded(simulator: str, network: RateNetwork) -> Path:
    """The folder of a recording: activity.nwb and truth.npy (weights in 1/s)."""
    folder = folder_of(simulator, network)
    if not (folder / "truth.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        W = network.weights()
        states = network.measured(SIMULATORS[simulator](network, W))
        write_nwb(
            folder / "activity.nwb",
            states,
            rate=1 / network.delta_t,
            identifier=simulator,
            description=f"{simulator}: {network}",
        )
        np.save(folder / "truth.npy", W / network.tau)
    return folder


def fitted(folder: Path, seed: int) -> dict[str, float]:
    """Metrics of a run on the recording of the folder."""
    run = folder / "run"
    if not (run / "metrics.json").exists():
        keys = [
            *("simulation=recording", f"simulation.path={folder / 'activity.nwb'}", "logger=csv", f"seed={seed}"),
            *(f"simulation.truth_path={folder / 'truth.npy'}", f"paths.datasets={folder / 'data'}"),
            *("callbacks.figures=false", f"hydra.run.dir={run}"),
        ]
        subprocess.run([sys.executable, "train.py", *keys], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return json.loads((run / "metrics.json").read_text())


def main() -> None:
    options = _options()
    if not options.table:
        for seed in options.seeds:
            for name in options.simulators:
                network = RateNetwork(units=options.units, frames=options.frames, noise=options.noise, seed=seed)
                metrics = fitted(recorded(name, network), seed)
                print(f"{name}, seed {seed}: R2 {metrics['connectivity_R2']:.4f}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Recordings of NEST and brian2 beside our own.")
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[0, 1, 2, 3, 4])
    parser.add_argument("--simulators", nargs="*", default=list(SIMULATORS), choices=list(SIMULATORS))
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--noise", type=float, default=0.05, help="process noise per frame")
    parser.add_argument("--table", action="store_true", help="run nothing, rebuild the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
