"""The published strategies of phase 2, each alone, on rate constants frozen after a phase 1 without homeostasis.

python benchmarks/homeostasis_strategies.py
python benchmarks/homeostasis_strategies.py --seeds 0 --loop 1000 --strategies plain,start
"""

from collections.abc import Sequence

import _train
from _homeostasis import row
from _report import publish

STRATEGIES = (
    "plain",
    "residual_supervision",
    "signal_amplification",
    "contrastive",
    "time_step_curriculum",
    "late_positions",
    "warmup_kick",
    "warmup_cosine",
    "warmup_ramp",
    "multi_scale",
    "gradient_accumulation",
    "separate_losses",
    "kaiming_init",
    "start",
    "start_cosine",
    "residual",
    "residual_contrastive",
)
COLUMNS = ("strategy", "slope 0", "slope 1", "mean 0", "mean 1", "slope_score", "accuracy", "wall (s)")
NOTE = (
    "metabolism_homeostasis, training.k=frozen, rollouts of {time_step} frames, data_augmentation_loop={loop} "
    "({batches} batches of 8), mean +- sd over seeds {seeds}. Columns as in homeostasis.md. plain: Adam on rollouts "
    "and nothing else. The oracle of this problem, lines behind frozen constants, is the last row."
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _train.parser("Strategies of phase 2, compared on frozen rate constants.", "homeostasis_strategies")
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help="options of training/strategy")
    parser.add_argument("--loop", type=int, default=200, help="training.data_augmentation_loop")
    parser.add_argument("--time-step", type=int, default=32, help="training.homeostasis_time_step")
    options = parser.parse_args(arguments)
    fixed = (
        "simulation=metabolism_homeostasis",
        "training.k=frozen",
        f"training.data_augmentation_loop={options.loop}",
        f"training.homeostasis_time_step={options.time_step}",
    )
    found = [
        row({"strategy": name}, (*fixed, f"training/strategy={name}"), options.seeds)
        for name in options.strategies.split(",")
    ]
    rows = [{name: line[name] for name in COLUMNS} for line in found]
    oracle = {"strategy": "oracle_sequential"}
    for name, source in (("slope", "sequential"), ("mean", "sequential mean")):
        oracle |= {f"{name} {t}": str(found[0][f"{source} {t}"]) for t in (0, 1)}
    rows.append({**oracle, "accuracy": found[0]["sequential accuracy"]})
    batches = int(600 * options.loop // 8 * 0.2) // options.time_step * 4
    note = NOTE.format(seeds=options.seeds, loop=options.loop, time_step=options.time_step, batches=batches)
    publish(options.name, "Strategies of phase 2 on frozen rate constants", rows, packages=("torch",), note=note)


if __name__ == "__main__":
    main()
