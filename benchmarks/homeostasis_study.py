"""One block of the homeostasis study: four slots with a rollout length each, two trials per slot, the coded rules.

python benchmarks/homeostasis_study.py
python benchmarks/homeostasis_study.py --loop 1000 --trials 16
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from _report import ROOT, publish

from hydra_llm.search.log.event_log import read_events
from hydra_llm.search.log.events import Asked, Told

SLOTS = 4
METRICS = ("slope_score", "slope_ratio_0", "slope_ratio_1", "embedding_cluster_acc")
NOTE = (
    "simulation=metabolism_homeostasis, k: frozen behind a reaction-only phase 1, data_augmentation_loop={loop}, "
    "proposer=rules, seed 0 of data and search. Every slot keeps its homeostasis_time_step; its first trial is the "
    "configuration as composed. The oracle of frozen constants on these data: slopes {oracle_0:.2f} and "
    "{oracle_1:.2f}, types {oracle_acc:.2f}."
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="One block of the homeostasis study.")
    parser.add_argument("--trials", type=int, default=8, help="trials of the block")
    parser.add_argument("--loop", type=int, default=100, help="training.data_augmentation_loop of every trial")
    parser.add_argument("--folder", type=Path, help="a finished sweep to read instead of running one")
    options = parser.parse_args(arguments)
    if options.folder is not None:
        show(options.folder, options.loop)
        return
    with tempfile.TemporaryDirectory() as folder:
        sweep(Path(folder), options.trials, options.loop)
        show(Path(folder) / "sweep", options.loop)


def sweep(folder: Path, n_trials: int, loop: int) -> None:
    command = [
        *("train.py", "-m", "hydra/sweeper=llm_ucb", "simulation=metabolism_homeostasis", "logger=csv"),
        *(f"training.data_augmentation_loop={loop}", "callbacks.figures=false", f"paths.datasets={folder}/data"),
        *(f"hydra.sweep.dir={folder}/sweep", "hydra.sweeper.proposer=rules", f"hydra.sweeper.n_parallel={SLOTS}"),
        *("hydra.sweeper.dispatch=batch", f"hydra.sweeper.n_trials={n_trials}", "hydra.sweeper.confirm.n_seeds=0"),
        f"hydra.sweeper.n_iter_block={n_trials}",
    ]
    if subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode != 0:
        raise SystemExit(f"python {' '.join(command)} failed.")


def show(folder: Path, loop: int) -> None:
    rows = list(trials(folder))
    oracle = rows[0].pop("oracle")
    for line in rows[1:]:
        line.pop("oracle")
    note = NOTE.format(loop=loop, oracle_0=oracle[0], oracle_1=oracle[1], oracle_acc=oracle[2])
    publish("homeostasis_study", "One block of the homeostasis study", rows, packages=("torch",), note=note)


def trials(folder: Path) -> Iterator[dict]:
    """One row per trial of a sweep, in order."""
    events = read_events(folder / "events.jsonl")
    asked = {trial.number: trial.proposal for e in events if isinstance(e, Asked) for trial in e.trials}
    told = {event.number: event.outcome for event in events if isinstance(event, Told)}
    for number, proposal in sorted(asked.items()):
        metrics = told[number].metrics
        changes = [f"{c.key.rpartition('.')[2]}: {_plain(c.old)} -> {_plain(c.new)}" for c in proposal.changes]
        yield {
            "trial": number,
            "time_step": proposal.values["training.homeostasis_time_step"],
            "rule": proposal.strategy,
            "parent": "" if proposal.parent is None else proposal.parent,
            "mutation": ", ".join(changes),
            **{name: metrics[name] for name in METRICS if name in metrics},
            "oracle": [
                metrics.get(f"oracle_sequential_{name}", float("nan"))
                for name in ("slope_ratio_0", "slope_ratio_1", "embedding_cluster_acc")
            ],
        }


def _plain(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
