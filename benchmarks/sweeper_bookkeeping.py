"""What a sweep costs besides its jobs, as it grows: a decision, its records, and the derived files; no job is run.

    python benchmarks/sweeper_bookkeeping.py
    python benchmarks/sweeper_bookkeeping.py --trials 100 1000 --proposer random

A decision is ask + launched + tell of one trial; it writes three lines of the event log and waits twice for the disk.
The disk's wait is measured apart, because it differs between machines by a factor of a thousand. Hydra's composition
of the job is in neither. For comparison, one study.ask + study.tell of Optuna's TPE in memory, as the Optuna sweeper
makes it, on the same space at 100 and 1,000 trials.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _report import publish, repeated, spread

from hydra_llm.report.tree_figure import draw_tree
from hydra_llm.search.log.event_log import EVENTS_NAME
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.records import results
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialState

WINDOW = 50  # trials up to each size that are timed
LARGEST_OPTUNA = 1000  # trials; TPE slows down with every one

SPACE = Space(
    (
        Float(name="training.learning_rate_W_start", default=1e-3, low=1e-4, high=1e-1, log=True),
        Float(name="training.learning_rate_start", default=1e-3, low=1e-5, high=1e-2, log=True),
        Float(name="training.coeff_W_L1", default=1e-5, low=1e-7, high=1e-3, log=True),
        Float(name="training.coeff_edge_diff", default=10.0, low=0.1, high=1000.0, log=True),
        Integer(name="training.batch_size", default=8, low=4, high=64),
        Categorical(name="training.target", default="drift", choices=("drift", "finite_difference")),
    )
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the bookkeeping of a sweep without its jobs.")
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 10_000], help="sizes to measure at")
    parser.add_argument("--proposer", default="bayes", choices=["rules", "random", "tpe", "bayes"])
    parser.add_argument("--selection", default="puct_rank")
    parser.add_argument("--keep", type=Path, help="copy the event log there at the end")
    parser.add_argument("--log", type=Path, help="continue from such a log, for the sizes of --beyond")
    parser.add_argument("--beyond", type=int, nargs="+", default=[10_000], help="sizes larger than that of --log")
    parser.add_argument("--no-optuna", action="store_true", help="leave out the comparison with Optuna")
    parser.add_argument("--block", type=int, default=0, help="trials per block; 0: one block")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), options, options.trials)
        if options.keep:
            shutil.copy(Path(folder) / EVENTS_NAME, options.keep)
    if options.log:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(options.log, Path(folder) / EVENTS_NAME)
            rows += measure(Path(folder), options, options.beyond)
    if not options.no_optuna:
        rows += optuna_rows([size for size in options.trials if size <= LARGEST_OPTUNA])
    note = (
        f"Decision: mean and maximum over the last {WINDOW} trials. Derived files (tables, figure) are rewritten after "
        "every batch up to 200 trials, then at most every 20 s. Open: reading the log back, as a resume does."
    )
    if options.log:
        note += f" Sizes {options.beyond} go on from the log of an earlier run of this program (--keep, --log)."
    publish(
        "sweeper_bookkeeping", "Bookkeeping of a sweep", rows, packages=("numpy", "matplotlib", "optuna"), note=note
    )


def measure(folder: Path, options: argparse.Namespace, sizes: list[int]) -> list[dict[str, object]]:
    reward = make_proposer(options.proposer, {}).reward  # as a sweep takes it, which leaves `reward` out
    settings = Settings(
        space=SPACE,
        objective=Objective("connectivity_R2", "maximize"),
        n_trials=max(sizes),
        n_parallel=1,
        n_iter_block=options.block,
        seed=0,
        seed_keys=("seed",),
        reward=reward,
    )

    def open_study(where: Path) -> Study:
        policy = make_policy(options.selection, None)
        return Study(where, settings, policy, make_proposer(options.proposer, {}), argv=["benchmark"])

    def open_copy() -> None:
        with tempfile.TemporaryDirectory() as copy:
            shutil.copy(folder / EVENTS_NAME, copy)
            open_study(Path(copy)).log.close()

    study, rng, seconds, busy, rows = open_study(folder), random.Random(0), [], [], []
    for done in range(1 + len(study.state.search), max(sizes) + 1):
        began = time.process_time()
        seconds.append(decide(study, rng))
        busy.append(time.process_time() - began)
        if done in sizes:
            window = seconds[-WINDOW:]
            rows.append(
                {
                    "trials": done,
                    "proposer": options.proposer,
                    "decision, mean (ms)": 1e3 * sum(window) / len(window),
                    "most (ms)": 1e3 * max(window),
                    "two waits for the disk (ms)": 2e3 * disk_wait(folder),
                    "processor (ms)": 1e3 * sum(busy[-WINDOW:]) / len(window),
                    "tables (ms)": spread(repeated(lambda: write_tables(study, settings), 3), 1e-3)["median"],
                    "figure (ms)": spread(repeated(lambda: draw(study, settings), 1), 1e-3)["median"],
                    "open (s)": spread(repeated(open_copy, 3))["median"],
                    "open, processor (s)": processor(open_copy),
                    "log (MB)": (folder / EVENTS_NAME).stat().st_size / 1e6,
                }
            )
            print(rows[-1], flush=True)
    study.close()
    return rows


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor time of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def disk_wait(folder: Path) -> float:
    """Median seconds of one fsync of an appended line, there and now."""
    with (folder / "wait").open("ab") as file:

        def append() -> None:
            file.write(b"x" * 300)
            file.flush()
            os.fsync(file.fileno())

        return spread(repeated(append, 20))["median"]


def optuna_rows(sizes: list[int]) -> list[dict[str, object]]:
    import optuna

    from hydra_llm.search.optuna_bridge.mirror import _distribution

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    distributions = {d.name: _distribution(d) for d in SPACE.dimensions}
    rng, seconds, busy, rows = random.Random(0), [], [], []
    for done in range(1, max(sizes, default=0) + 1):
        began, ran = time.perf_counter(), time.process_time()
        trial = study.ask(distributions)
        study.tell(trial, score(trial.params, rng))
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - ran)
        if done in sizes:
            mean, processor = sum(seconds[-WINDOW:]) / WINDOW, sum(busy[-WINDOW:]) / WINDOW
            rows.append(
                {
                    "trials": done,
                    "proposer": "optuna TPE, in memory",
                    "decision, mean (ms)": 1e3 * mean,
                    "most (ms)": 1e3 * max(seconds[-WINDOW:]),
                    "processor (ms)": 1e3 * processor,
                }
            )
    return rows


def decide(study: Study, rng: random.Random) -> float:
    """Seconds for one trial from the question to the record of its result."""
    began = time.perf_counter()
    (trial,) = study.launched(study.ask(1))
    value = score(dict(trial.values), rng)
    study.tell(trial.number, Outcome(TrialState.COMPLETED, value=value, metrics={"connectivity_R2": value}))
    return time.perf_counter() - began


def score(values: dict[str, float], rng: random.Random) -> float:
    """A bowl with noise, so that the search has a tree to grow."""
    rate = values["training.learning_rate_W_start"]
    return (
        1.0 / (1.0 + (rate / 1e-2 - 1.0) ** 2) - 0.01 * abs(values["training.batch_size"] - 16) + rng.gauss(0.0, 0.02)
    )


def write_tables(study: Study, settings: Settings) -> None:
    folder, state = study.folder, study.state
    results.write_results(folder, state, settings, lambda trial: "")
    results.write_scores(folder, state, settings, study.policy, study.ranking())
    study.analysis.write(folder)
    results.write_memory(folder, state, settings)


def draw(study: Study, settings: Settings) -> None:
    draw_tree(study.folder / "tree.png", study.state, settings, study.ranking())


if __name__ == "__main__":
    main()
