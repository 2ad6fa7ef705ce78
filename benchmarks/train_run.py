"""Complete runs, each in a fresh process without a stored dataset: wall time, peak resident memory and scores.

python benchmarks/train_run.py
python benchmarks/train_run.py --simulations signal_chaotic,signal_low_gain --repeats 1
"""

import argparse

from _report import publish
from _train import run

SHOWN = ("connectivity_R2", "oracle_connectivity_R2", "rate_constants_R2", "oracle_rate_constants_R2", "test_R2")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time `python train.py logger=csv`.")
    parser.add_argument("--simulations", default="signal_chaotic", help="comma-separated regimes")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each regime, with seeds 0, 1, ...")
    options = parser.parse_args()
    rows = [row(name, seed) for name in options.simulations.split(",") for seed in range(options.repeats)]
    note = "Simulation, oracle, fit, evaluation and figures included. Memory: peak resident set of the process."
    publish("train_run", "One run of train.py", rows, packages=("torch", "lightning"), note=note)


def row(simulation: str, seed: int) -> dict[str, object]:
    found = run(f"simulation={simulation}", f"seed={seed}")
    return {
        "simulation": simulation,
        "seed": seed,
        "wall (s)": found.seconds,
        "peak memory (GB)": found.peak_gb,
        **{name: found.metrics[name] for name in SHOWN if name in found.metrics},
    }


if __name__ == "__main__":
    main()
