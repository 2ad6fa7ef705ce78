"""What fits of the fly visual system recover over several seeds, beside the oracles on the same data.

python benchmarks/recovery_flyvis.py --parameters flow/0000/000/best_chkpt
python benchmarks/recovery_flyvis.py --cases "0.05 recording" --recipes recipe --seeds 0,1,2,3,4
"""

import _train
from _report import mean_sd_least, publish
from _train import cost, over_seeds, scores

PUBLISHED = ("experiment=published_euler",)  # one Euler step per frame, forward differences
CASES = {
    "0.05 recording": ("simulation.noise_model_level=0.05",),
    "0.5 recording": ("simulation.noise_model_level=0.5",),
    "0.05 recording, measured 0.04": ("experiment=flyvis_measurement_noise_004",),
    "0.05 recording, measured 0.10": ("experiment=flyvis_measurement_noise_010",),
    "0.05 drift": (*PUBLISHED, "training.target=drift", "simulation.noise_model_level=0.05"),
    "0.5 drift": (*PUBLISHED, "training.target=drift", "simulation.noise_model_level=0.5"),
    "0.05 finite_difference": (*PUBLISHED, "simulation.noise_model_level=0.05"),
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
    "oracle W": "oracle_connectivity_R2",
    "oracle_ls W": "oracle_ls",
    "oracle_ridge W": "oracle_ridge_connectivity_R2",
    "oracle_ridge tau": "oracle_ridge_tau_R2",
    "oracle_ridge V_rest": "oracle_ridge_V_rest_R2",
    "onestep": "onestep_R2",
}


def main() -> None:
    parser = _train.parser("Recovery of W, tau and V_rest, mean and spread over seeds.", "recovery_flyvis")
    parser.add_argument("--cases", nargs="+", default=list(CASES), help="names in quotes")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--parameters", default="default", help="path of a trained flyvis network")
    options = parser.parse_args()
    places = [f"simulation.parameters={options.parameters}"]
    if options.connectome is not None:
        places.append(f"simulation.connectome={options.connectome}")
    recipes = options.recipes.split(",")
    rows = [row(case, recipe, options.seeds, places) for case in options.cases for recipe in recipes]
    trained = "trained (flow/0000/000)" if options.parameters != "default" else "those of an untrained network"
    note = (
        "simulation=flyvis_scenes at its default size, 1,203 neurons, 8,000 frames. R2 to the identity line after the "
        f"gauge, mean +- sd (minimum) over seeds {options.seeds} of data and training. Parameters: {trained}. "
        "identifiable: by the rank of the data. oracle: the ceiling of the target; oracle_ls, oracle_ridge: least "
        "squares with relu known, on the same data and target. drift: the oracle derivative of Euler recordings; "
        "finite_difference: their Euler steps. published: Adam as published for noise 0.05, 6,000 steps. wall: mean "
        "and largest, all in, without figures."
    )
    publish(options.name, "Recovery of the fly visual system", rows, packages=("torch", "lightning"), note=note)


def row(case: str, recipe: str, seeds: str, places: list[str]) -> dict[str, object]:
    runs = over_seeds(seeds, "simulation=flyvis_scenes", *places, *CASES[case], *RECIPES[recipe])
    shown = scores(runs, SCORES, lambda values: mean_sd_least(values, digits=4))
    return {"noise, target": case, "recipe": recipe, **shown, **cost(runs)}


if __name__ == "__main__":
    main()
