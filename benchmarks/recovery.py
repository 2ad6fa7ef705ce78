"""What the recipe of each regime recovers over several seeds, beside plain Adam and the oracle.

python benchmarks/recovery.py
python benchmarks/recovery.py --seeds 0,1,2,3,4,5 --cases signal_low_gain
"""

import argparse
from statistics import mean

from _report import over_seeds, publish
from _train import run

CASES = {
    "signal_chaotic": (),
    "signal_low_rank": (),
    "signal_dale": (),
    "signal_sparse": (),
    "signal_sparse 20 %": ("simulation.connectivity_filling_factor=0.2",),
    "signal_types": (),
    "signal_low_gain": (),
    "signal_noisy": (),
    "signal_noisy finite_difference": ("training.target=finite_difference",),
}
RECIPES = {
    "full recipe": (),
    "plain Adam": ("training.max_steps=null", "training.projection_iterations=0", "training.gauss_newton_iterations=0"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Recovery per regime, mean and spread over seeds.")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated seeds of data and training")
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated names")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="comma-separated: full recipe, plain Adam")
    parser.add_argument("--name", default="recovery", help="name of the result files")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    rows = [row(case, recipe, seeds) for case in options.cases.split(",") for recipe in options.recipes.split(",")]
    note = (
        "connectivity_R2: identity line, off the diagonal, after the gauge correction; mean +- sd (minimum) over seeds "
        f"{options.seeds}. oracle: least squares with the true nonlinearity on the same data and target. "
        "onestep: one-step R2 on the test trajectory. wall: mean and largest, all in, without figures. "
        "Plain Adam: 6,250 steps."
    )
    publish(options.name, "Recovery by regime", rows, packages=("torch", "lightning"), note=note)


def row(case: str, recipe: str, seeds: list[int]) -> dict[str, object]:
    overrides = (f"simulation={case.split()[0]}", *CASES[case], *RECIPES[recipe], "callbacks.figures=false")
    runs = [run(*overrides, f"seed={seed}") for seed in seeds]
    seconds = [found.seconds for found in runs]

    def spread(name: str) -> str:
        return over_seeds([found.metrics[name] for found in runs if name in found.metrics], digits=5)

    return {
        "case": case,
        "recipe": recipe,
        "connectivity_R2": spread("connectivity_R2"),
        "oracle": spread("oracle_connectivity_R2"),
        "cluster_accuracy": spread("cluster_accuracy"),
        "onestep_R2": spread("onestep_R2"),
        "wall (s)": f"{mean(seconds):.0f}, {max(seconds):.0f}",
        "peak memory (GB)": f"{max(found.peak_gb for found in runs):.2f}",
    }


if __name__ == "__main__":
    main()
