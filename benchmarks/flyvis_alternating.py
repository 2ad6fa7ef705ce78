"""The alternating study of the fly, whole: twelve runs of the defaults, twelve more as the rules choose, and the best
beside standard training on fresh seeds.

    python benchmarks/flyvis_alternating.py --parameters best_chkpt
    python benchmarks/flyvis_alternating.py --parameters best_chkpt --folder outputs/alternating    kept, to go on from
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from _report import ROOT, mean_sd_least, publish

from hydra_llm.search.log.reader import Sweep, read_sweep
from hydra_llm.search.records.confirmation import beside
from hydra_llm.search.statistics.variance import rows as repeated
from hydra_llm.search.trial.trial import Trial, TrialState

NAME = "flyvis_alternating"
BATCHES, SLOTS = 3, 4  # of runs that change nothing
ALSO = ("tau_R2", "V_rest_R2", "cluster_accuracy")
ARMS = {
    "best": "best alternation",
    "baseline": "default alternation",
    "twice": "default alternation, twice the steps",
    "standard": "standard training",
}
REFERENCES = "{standard: ['training.alternate_training=false'], twice: ['training.max_steps=4800']}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The alternating study of the fly beside standard training.")
    parser.add_argument("--extent", type=int, default=1)
    parser.add_argument("--frames", type=int, default=8000, help="training frames")
    parser.add_argument("--parameters", default="varied", help="varied, default, or the path of a trained network")
    parser.add_argument("--trials", type=int, default=24, help="trials of the search, the twelve first ones included")
    parser.add_argument("--seeds", type=int, default=5, help="fresh seeds of the confirmation")
    parser.add_argument("--folder", type=Path, help="where recordings and the sweep are kept, to go on from")
    options = parser.parse_args()
    if options.folder is not None:
        study(options.folder.absolute(), options)
        return
    with tempfile.TemporaryDirectory() as folder:
        study(Path(folder), options)


def study(folder: Path, options: argparse.Namespace) -> None:
    command = [
        *("train.py", "-m", "hydra/sweeper=llm_ucb", "simulation=flyvis_scenes", f"simulation.extent={options.extent}"),
        *([f"simulation.n_frames={options.frames}"] if options.frames != 8000 else []),  # 8,000 are the default
        *(f"simulation.parameters={options.parameters}", "search=flyvis_alternating", "model=flyvis_gnn_published"),
        *("training=flyvis_alternating", "hydra.sweeper.proposer=rules", f"hydra.sweeper.n_parallel={SLOTS}"),
        *("hydra.sweeper.dispatch=batch", f"hydra.sweeper.n_iter_block={options.trials}"),
        *(f"hydra.sweeper.n_trials={options.trials}", f"hydra.sweeper.confirm.n_seeds={options.seeds}"),
        f"hydra.sweeper.confirm.references={REFERENCES}",
        *("hydra/sweeper/pruning=none", "trainer.threads=1", "logger=csv", "callbacks.figures=false"),
        *(f"paths.datasets={folder}/data", f"hydra.sweep.dir={folder}/sweep"),
    ]
    if subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode != 0:
        raise SystemExit(f"python {' '.join(command)} failed.")
    show(read_sweep(folder / "sweep"), options)


def show(sweep: Sweep, options: argparse.Namespace) -> None:
    confirmed = [run for run in sweep.state.confirmations if run.state is TrialState.COMPLETED]
    searched = [run for run in sweep.state.search_trials() if run.state is TrialState.COMPLETED]
    first = [run for run in searched if run.number < BATCHES * SLOTS]
    table = [row("default alternation, first twelve runs", first), row("all runs of the search", searched)]
    for role, name in ARMS.items():
        runs = [run for run in confirmed if run.proposal.role == role]
        if runs:
            table.append(row(f"{name}, fresh seeds", runs))
    title = "The alternating study of the fly"
    publish(NAME, title, table, packages=("torch", "lightning"), note=note(sweep, options))


def row(arm: str, runs: Sequence[Trial]) -> dict[str, Any]:
    """What the runs found. Medians where a mean would be that of a single run gone astray."""

    def found(name: str) -> list[float]:
        return [run.metrics[name] for run in runs if name in run.metrics]

    decay = found("connectivity_R2_decay")
    return {
        "arm": arm,
        "runs": len(runs),
        "W": mean_sd_least(found("connectivity_R2"), 3),
        "W, median": f"{median(found('connectivity_R2')):.3f}",
        "W, peak": mean_sd_least(found("connectivity_R2_peak"), 3),
        "peak - end": f"{mean(decay):.3f}" if decay else "",
        "healthy": f"{sum(found('trajectory_healthy')):.0f}",
        "tau, median": f"{median(found('tau_R2')):.3f}",
        "V_rest, median": f"{median(found('V_rest_R2')):.3f}",
        "clusters": mean_sd_least(found("cluster_accuracy"), 3),
        "oracle W": f"{mean(found('oracle_connectivity_R2')):.3f}",
    }


def note(sweep: Sweep, options: argparse.Namespace) -> str:
    changed = [run for run in sweep.state.search_trials() if run.proposal.changes]
    failed = [run for run in (*sweep.state.search_trials(), *sweep.state.confirmations) if run.state.is_bad]
    text = [
        f"simulation=flyvis_scenes, extent {options.extent}, {options.frames:,} frames, process noise 0.05, fitted to "
        "the recording; search=flyvis_alternating with its 2,400 steps per run, model=flyvis_gnn_published, "
        "training=flyvis_alternating, coded rules in four slots, every run on data of its own seed. R2 to the identity "
        "line, mean +- sd (minimum). peak - end: how far W ends below its peak; healthy: runs that rise in W-phases, "
        "hold in V_rest-phases and end at their peak; oracle W: what least squares with the known law finds. "
        f"{len(changed)} runs of the search changed something; {len(failed)} of all runs failed."
    ]
    for table in (
        repeated(sweep.state.trees[block.index], sweep.settings.objective, None, sweep.state.trials)
        for block in sweep.state.blocks
    ):
        text += [
            f"Node {one.node}: {one.runs} runs, CV of W {one.cv:.0%}, {one.trend}."
            for one in table
            if one.cv is not None
        ]
    pairs = beside(sweep.state, sweep.settings.objective, ALSO)
    best = sweep.state.best()
    if best is not None:
        moved = sweep.settings.space.changed(sweep.settings.space.baseline(), best.values)
        text.append(
            f"Best alternation: {', '.join(f'{name}={best.values[name]:g}' for name in moved) or 'the defaults'}."
        )
    text += [
        f"Best alternation minus standard training, {p.metric}: {p.paired.text}." for p in pairs if p.role == "standard"
    ]
    return " ".join([*text, *counts(sweep, "standard")])


def counts(sweep: Sweep, reference: str) -> list[str]:
    """On how many of the fresh seeds a reference is above an alternation, which no run gone astray decides."""
    values: dict[str, dict[str, float]] = {}
    for run in sweep.state.confirmations:
        if run.value is not None:
            values.setdefault(run.proposal.role, {})[str(run.seeds)] = run.value
    found = []
    for role in ("best", "baseline", "twice"):
        both = [
            (values[reference][seed], one) for seed, one in values.get(role, {}).items() if seed in values[reference]
        ]
        if both:
            above = sum(standard > one for standard, one in both)
            found.append(f"W of {ARMS[reference]} is above that of the {ARMS[role]} on {above} of {len(both)} seeds.")
    return found


if __name__ == "__main__":
    main()
