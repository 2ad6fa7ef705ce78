"""What fits of the fly visual system recover over several seeds, beside the oracles on the same data.

python benchmarks/recovery_flyvis.py --parameters flow/0000/000/best_chkpt
python benchmarks/recovery_flyvis.py --cases "0.05 drift" --recipes recipe --seeds 0,1,2,3,4
"""

import argparse
from statistics import mean, stdev

from _report import publish
from _train import run

CASES = {
    "0.05 drift": ("simulation.noise_model_level=0.05",),
    "0.5 drift": ("simulation.noise_model_level=0.5",),
    "0.05 finite_difference": (
        "simulation.noise_model_level=0.05",
        "simulation.substeps=1",
        "training.target=finite_difference",
    ),
    "0.5 finite_difference": (
        "simulation.noise_model_level=0.5",
        "simulation.substeps=1",
        "training.target=finite_difference",
    ),
}
RECIPES = {
    "recipe": (),
    "known ODE": ("model=flyvis_known_ode", "training=flyvis_closed_form"),
    "published": ("model=flyvis_gnn_published", "training=flyvis_published", "training.max_steps=6000"),
}
SCORES = {
    "W": "connectivity_R2",
    "W identifiable": "connectivity_R2_identifiable",
    "W Pearson^2": "connectivity_R2_pearson2",
    "tau": "tau_R2",
    "tau identifiable": "tau_R2_identifiable",
    "V_rest": "V_rest_R2",
    "V_rest identifiable": "V_rest_R2_identifiable",
    "oracle_ls W": "oracle_connectivity_R2",
    "oracle_ridge W": "oracle_ridge_connectivity_R2",
    "oracle_ridge tau": "oracle_ridge_tau_R2",
    "oracle_ridge V_rest": "oracle_ridge_V_rest_R2",
    "onestep": "onestep_R2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Recovery of W, tau and V_rest, mean and spread over seeds.")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated seeds of data and training")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--parameters", default="default", help="path of a trained flyvis network")
    parser.add_argument("--name", default="recovery_flyvis", help="name of the result files")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    places = [f"simulation.parameters={options.parameters}"]
    if options.connectome is not None:
        places.append(f"simulation.connectome={options.connectome}")
    rows = [
        row(case, recipe, seeds, places) for case in options.cases.split(",") for recipe in options.recipes.split(",")
    ]
    trained = "trained (flow/0000/000)" if options.parameters != "default" else "those of an untrained network"
    note = (
        "simulation=flyvis_scenes at its default size, 1,203 neurons, 8,000 frames. R2 to the identity line after the "
        f"gauge, mean +- sd (minimum) over seeds {options.seeds} of data and training. Parameters: {trained}. "
        "identifiable: by the rank of the data. oracle_ls, oracle_ridge: least squares with relu known, on the same "
        "data and target. Finite differences are of Euler steps as long as the recording step, so they hold noise but "
        "no bias. published: Adam as published for noise 0.05, 6,000 steps. wall: mean and largest, all in, without "
        "figures."
    )
    publish(options.name, "Recovery of the fly visual system", rows, packages=("torch", "lightning"), note=note)


def row(case: str, recipe: str, seeds: list[int], places: list[str]) -> dict[str, object]:
    overrides = ("simulation=flyvis_scenes", *places, *CASES[case], *RECIPES[recipe], "callbacks.figures=false")
    runs = [run(*overrides, f"seed={seed}") for seed in seeds]
    seconds = [found.seconds for found in runs]

    def spread(name: str) -> str:
        values = [found.metrics[name] for found in runs if name in found.metrics]
        if not values:
            return ""
        return f"{mean(values):.4f} +- {stdev(values) if len(values) > 1 else 0:.4f} ({min(values):.4f})"

    return {
        "noise, target": case,
        "recipe": recipe,
        **{title: spread(name) for title, name in SCORES.items()},
        "wall (s)": f"{mean(seconds):.0f}, {max(seconds):.0f}",
        "peak memory (GB)": f"{max(found.peak_gb for found in runs):.2f}",
    }


if __name__ == "__main__":
    main()
