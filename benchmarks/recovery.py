"""What the recipe of each regime recovers over several seeds, beside plain Adam and the oracle.

python benchmarks/recovery.py
python benchmarks/recovery.py --seeds 0,1,2,3,4,5 --cases signal_low_gain
"""

import _train
from _report import mean_sd_least, publish
from _train import cost, over_seeds, scores

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
    "plain Adam": ("training.max_steps=null", "training.projection_iterations=0", "training.spline_knots=0"),
}
SCORES = {
    "connectivity_R2": "connectivity_R2",
    "oracle": "oracle_connectivity_R2",
    "cluster_accuracy": "cluster_accuracy",
    "onestep_R2": "onestep_R2",
}


def main() -> None:
    parser = _train.parser("Recovery per regime, mean and spread over seeds.", "recovery")
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated names")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="comma-separated: full recipe, plain Adam")
    options = parser.parse_args()
    rows = [
        row(case, recipe, options.seeds) for case in options.cases.split(",") for recipe in options.recipes.split(",")
    ]
    note = (
        "connectivity_R2: identity line, off the diagonal, after the gauge correction; mean +- sd (minimum) over seeds "
        f"{options.seeds}. oracle: least squares with the true nonlinearity on the same data and target. "
        "onestep: one-step R2 on the test trajectory. wall: mean and largest, all in, without figures. "
        "Plain Adam: 6,250 steps."
    )
    publish(options.name, "Recovery by regime", rows, packages=("torch", "lightning"), note=note)


def row(case: str, recipe: str, seeds: str) -> dict[str, object]:
    runs = over_seeds(seeds, f"simulation={case.split()[0]}", *CASES[case], *RECIPES[recipe])
    shown = scores(runs, SCORES, lambda values: mean_sd_least(values, digits=5))
    return {"case": case, "recipe": recipe, **shown, **cost(runs)}


if __name__ == "__main__":
    main()
