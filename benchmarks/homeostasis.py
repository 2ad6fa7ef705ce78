"""How much of homeostasis phase 2 recovers, by its treatment of the rate constants, beside the oracles.

python benchmarks/homeostasis.py
python benchmarks/homeostasis.py --seeds 0,1,2,3,4,5 --cases "profiled"
"""

from collections.abc import Sequence

import _train
from _homeostasis import row
from _report import publish

REGIMES = ("metabolism_homeostasis", "metabolism_strong_homeostasis")
CASES = {
    "profiled": ("training.k=profiled",),
    "joint": ("training.k=joint",),
    "frozen": ("training.k=frozen", "training/strategy=residual"),
    "frozen, lines in phase 1": (
        "training.k=frozen",
        "training/strategy=residual",
        "training.linear_homeostasis=true",
    ),
}
NOTE = (
    "Mean +- sd over seeds {seeds}, drift targets, no labels. slope: learned over true slope, types 0 and 1, lines "
    "weighted by information; mean: the same as the plain mean over metabolites, as published. accuracy: types by "
    "2-means on the embedding. oracle: joint least squares with the rate law known; sequential: rate constants first, "
    "without homeostasis, then lines: what frozen constants leave to any phase 2. "
    "Frozen: residual supervision, cosine annealing, 1,872 batches of 8 frames; 'lines in phase 1': rate constants "
    "were fitted together with a line per metabolite before they were frozen."
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _train.parser("Homeostasis by treatment of the rate constants.", "homeostasis")
    parser.add_argument("--cases", default=";".join(CASES), help="names, separated by semicolons")
    options = parser.parse_args(arguments)
    rows = [
        row({"regime": regime, "k": case}, (f"simulation={regime}", *CASES[case]), options.seeds)
        for regime in REGIMES
        for case in options.cases.split(";")
    ]
    publish(
        options.name,
        "Homeostasis recovered without labels",
        rows,
        packages=("torch", "lightning"),
        note=NOTE.format(seeds=options.seeds),
    )


if __name__ == "__main__":
    main()
