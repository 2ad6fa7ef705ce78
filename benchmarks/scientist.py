"""A scripted scientist against the coded rules on real runs of three families: what the text of a question is worth.

    python benchmarks/scientist.py                                  # all families, five search seeds
    python benchmarks/scientist.py --seeds 0-4                      # those that the scientist was written on
    python benchmarks/scientist.py --table                          # rebuild the page

A sweep has 24 trials on the search budget. Its selected configuration then runs on four recordings that no sweep sees.
Search seeds from 5 on have recordings of their own: neither was looked at while the scientist was written.
Runs (not under version control: a megabyte) and sweeps are stored as soon as they end, and are not repeated: the same
command continues where it was stopped. The fly reads two published files, its connectome and a trained network, from
--connectome and --parameters, the folder that HYDRA_LLM_DATA names, or the user's cache; without them it is left out.
"""

import argparse
import logging
import multiprocessing
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Any

from _family_runs import FAMILIES, FILES, Table, published
from _report import RESULTS, ROOT, Row, publish
from _scientist import BlindScientist, Scientist
from _scientist_table import ARMS, WRITTEN_ON, digits, note, table
from _stored import store, stored
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hydra_llm.llm.base import Client
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.context import Thresholds
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState, from_result
from hydra_llm.search.trial.seeds import replicate_seeds
from hydra_llm.search.trial.trial import Trial

NAME = "scientist"
STORE, RUNS = RESULTS / f"{NAME}.jsonl", RESULTS / f"{NAME}_runs.jsonl"
CLIENTS: Mapping[str, type[Client]] = {"scientist": Scientist, "blind": BlindScientist}
TRIALS = 24
POOL = 5  # recordings of the sweeps; the others are for the end
REMEDY = (
    "`python train.py simulation=flyvis_scenes` fetches the connectome, once; the trained network is "
    "flow/0000/000/best_chkpt of `flyvis download-pretrained`. Give them as --connectome and --parameters."
)
PROCESSES = multiprocessing.get_context("forkserver")


def main() -> None:
    options = _options()
    left = [] if options.table else unfinished(options)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # before the server of processes starts
    with (
        tempfile.TemporaryDirectory() as datasets,
        Progress(*columns) as progress,
        ProcessPoolExecutor(options.jobs, PROCESSES) as pool,
    ):
        bar = progress.add_task("sweeps", total=len(left))
        runs = Table(RUNS, Path(datasets), options.files)
        for ended in as_completed([pool.submit(swept, *sweep, runs) for sweep in left]):
            row = ended.result()
            store(STORE, row)
            words = f"{row['family']}, {row['arm']}, seed {row['seed']}: {digits(row['fresh']):.2f} digits"
            progress.console.print(words)
            progress.advance(bar)
    rows = stored(STORE)
    publish(NAME, "A scientist that reads the question, against the coded rules", table(rows), note=note(rows))


def unfinished(options: argparse.Namespace) -> list[tuple[str, str, int]]:
    """Family, arm and seed of the sweeps that are wanted and not stored."""
    done = {(row["family"], row["arm"], row["seed"]) for row in stored(STORE)}
    families = []
    for name in options.families:
        lacking = [FILES[key] for key in FAMILIES[name].files if key not in options.files]
        if lacking:
            print(f"{name} is left out, because there is no {' and no '.join(lacking)}. {REMEDY}")
        else:
            families.append(name)
    wanted = [(f, a, s) for s, f, a in product(options.seeds, families, options.arms)]
    return [sweep for sweep in wanted if sweep not in done]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=_names(FAMILIES), default=tuple(FAMILIES), help=", ".join(FAMILIES))
    parser.add_argument("--arms", type=_names(ARMS), default=ARMS, help=", ".join(ARMS))
    parser.add_argument("--seeds", type=_seeds, default="5-9", help="search seeds, such as 5-9 or 0,3")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="sweeps at a time")
    parser.add_argument("--connectome", type=_file, help="path of the connectome of the fly")
    parser.add_argument("--parameters", type=_file, help="path of a trained network of the fly")
    parser.add_argument("--table", action="store_true", help="run nothing, rebuild the page")
    options = parser.parse_args()
    places = {name: getattr(options, name) or published(name) for name in FILES}
    options.files = {name: place for name, place in places.items() if place is not None}
    return options


def swept(family: str, arm: str, seed: int, runs: Table) -> Row:
    """One sweep: the selected configuration, and its scores on recordings that no sweep sees; null for a failed fit."""
    logging.disable(logging.WARNING)
    metric = str(FAMILIES[family].declared.metric)
    recordings = FAMILIES[family].recordings[seed >= WRITTEN_ON]
    with tempfile.TemporaryDirectory() as folder:
        study = Study(
            Path(folder), settings(family, seed), make_policy("puct_rank", None), proposer(family, arm), argv=[]
        )
        while not study.is_over:
            for trial in study.launched(study.ask(1)):
                metrics = runs.of(family, trial.values, recordings[place(trial, seed)])
                study.tell(trial.number, outcome(metrics, study.settings.objective))
        best, baseline = study.best, study.settings.space.baseline()
        study.close()
    values = baseline if best is None else best.values
    found = {
        name: [runs.of(family, of, fresh) for fresh in recordings[POOL:]]
        for name, of in (("fresh", values), ("baseline", baseline))
    }
    scores = {name: [None if m is None else m[metric] for m in own] for name, own in found.items()}
    return {"family": family, "arm": arm, "seed": seed, "params": dict(values), **scores}


def settings(family: str, seed: int) -> Settings:
    search = FAMILIES[family].declared
    return Settings(
        space=FAMILIES[family].space,
        objective=Objective(str(search.metric)),
        n_trials=TRIALS,
        n_parallel=1,
        seed=seed,
        seed_keys=("seed",),
        reward="paired",
        thresholds=Thresholds(**search.thresholds),
        show=tuple(map(str, search.show)),
        ceiling=search.ceiling,
        description=" ".join(str(search.description).split()),
    )


def proposer(family: str, arm: str) -> Proposer:
    if arm not in CLIENTS:
        return make_proposer(arm, {})
    protocol = (ROOT / "instructions" / f"{FAMILIES[family].declared.instructions}.md").read_text(encoding="utf-8")
    return LlmProposer(CLIENTS[arm](), LlmSettings.of({}), protocol, on_text=lambda words: None)


def place(trial: Trial, seed: int) -> int:
    """Where in the pool the recording of a trial is: that of the search seed, and the next ones for further runs."""
    further = {str(replicate_seeds(seed, ("seed",), n)): n for n in range(TRIALS)}
    return (seed + further[str(dict(trial.seeds))]) % POOL


def outcome(metrics: dict[str, float] | None, objective: Objective) -> Outcome:
    if metrics is None:
        return Outcome(TrialState.FAILED, error=TrialError("FitFailed", "The fit does not beat a constant."))
    return from_result(metrics, objective)


def _seeds(text: str) -> list[int]:
    parts = [part.partition("-") for part in text.split(",")]
    return [seed for low, _, high in parts for seed in range(int(low), int(high or low) + 1)]


def _file(text: str) -> Path:
    place = Path(text).expanduser().absolute()
    if not place.is_file():
        raise argparse.ArgumentTypeError(f"must be a file, got {text}. {REMEDY}")
    return place


def _names(known: Sequence[str] | dict[str, Any]) -> Any:
    def read_names(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"must name {', '.join(known)}, got {unknown[0]}")
        return names

    return read_names


if __name__ == "__main__":
    main()
