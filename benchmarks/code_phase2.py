"""Whether a sweep that changes code finds a better loss for phase 2 of a metabolic fit; no model is asked.

    python benchmarks/code_phase2.py --repeats 5

Each repetition is `python train.py -m hydra/sweeper=llm_ucb` on small recordings with homeostasis, frozen rate
constants and the published rollouts. `code`: ideas from a list in random order, every second trial. `parameters alone`:
the same sweep and as many trials without code. Runs differ in the recording, and the end of a sweep runs the best
configuration and the baseline on recordings that the search has not seen.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _phase2_ideas import CHEATING, FIRST, GOOD, IDEAS
from _report import ROOT, mean_sd_least, publish

from hydra_llm.search.evolution.answer import CANNOT_FIX
from hydra_llm.search.log.events import CodeRevision
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.records.confirmation import compare
from hydra_llm.search.records.revisions import CodeGain, evidence

KEY = "training.strategy.source"
SMALL = (
    *("simulation=metabolism_homeostasis", "simulation.n_metabolites=12", "simulation.n_reactions=18"),
    *("simulation.n_frames=300", "simulation.n_frames_test=100", "simulation.n_frames_validation=100"),
    *("training.k=frozen", "training/strategy=[plain,custom]", "training.homeostasis_time_step=2"),
    *("training.homeostasis_max_batches=600", "training.batch_size=16", "training.skip_phase1=true"),
    *("callbacks.figures=false", "logger=none"),
)
ARMS = ("code", "parameters alone")
RATES = {
    "training.learning_rate_node_homeostasis": "tag(log,interval(1e-3,3e-2))",
    "training.learning_rate_embedding_homeostasis": "tag(log,interval(1e-3,3e-2))",
}
NOTE = (
    "{trials} trials a sweep, {repeats} repetitions; 12 metabolites, 18 reactions, 300 frames, phase 2 of 600 batches "
    "of 16 rollouts over 2 frames, targets from the recording. Best: the idea that leads at the end, since the trial "
    "that ran it first; runs: of that configuration in the search, each on a recording of its own. Code alone: "
    "slope_score of the first trial of that code less that of the configured loss at the same parameters; taken back: "
    "the same at the last parameters (recordings that both ran on). Fresh: mean over {fresh} recordings that no search "
    "has seen, of the best configuration and of the baseline; difference: paired, with its standard error. "
    "Repaired: crashes that ended in code that runs. Refused: proposals that the checks sent back. The list holds "
    "{ideas} ideas, of which {cheats} cheat. Last rows: mean +- sd (minimum) over the repetitions."
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Better losses of phase 2, found by a sweep that changes code.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--trials", type=int, default=18)
    parser.add_argument("--fresh", type=int, default=4, help="recordings of the confirmation")
    parser.add_argument("--folder", type=Path, help="where sweeps are kept; finished ones are read")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).absolute()
        for seed in range(options.repeats):
            for arm in ARMS:
                kept = folder / f"{arm.split()[0]}_{seed}"
                if not (kept / "sweep/optimization_results.yaml").exists():
                    ideas = drawn(seed) if arm == "code" else ()
                    sweep(kept, folder / "data", ideas, options.trials, options.fresh, seed)
                rows.append({"repetition": seed, "arm": arm, **row(kept)})
    rows += [mean_of(arm, rows) for arm in ARMS]
    facts = {"trials": options.trials, "repeats": options.repeats, "fresh": options.fresh}
    note = NOTE.format(**facts, ideas=len(IDEAS), cheats=len(CHEATING))
    publish("code_phase2", "A better loss of phase 2, found by a sweep", rows, packages=("torch",), note=note)


def drawn(seed: int) -> list[str]:
    return random.Random(seed).sample(sorted(IDEAS), len(IDEAS))


def sweep(folder: Path, data: Path, ideas: Sequence[str], trials: int, fresh: int, seed: int, *more: str) -> None:
    """One sweep, in `folder`/sweep. Ends the benchmark where it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    code = folder / "loss.py"
    code.write_text(FIRST)
    command = [sys.executable, "train.py", "-m", "hydra/sweeper=llm_ucb", *overrides(folder, data, ideas)]
    command += [f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.confirm.n_seeds={fresh}"]
    command += [f"hydra.sweeper.seed={seed}", *more]
    paths = os.pathsep.join(filter(None, (str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    with (folder / "said.txt").open("w") as said:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=said, stderr=said, check=False)
    if done.returncode:
        raise SystemExit(f"The sweep in {folder} ended with {done.returncode}; see {folder / 'said.txt'}.")


def overrides(folder: Path, data: Path, ideas: Sequence[str]) -> list[str]:
    """Of train.py, for a sweep in which a script proposes these ideas; without ideas the code stays as it is."""
    params = ",".join(f"{name}:'{values}'" for name, values in RATES.items())
    found = [*SMALL, f"paths.datasets={data}", f"hydra.sweep.dir={folder}/sweep", f"hydra.sweeper.params={{{params}}}"]
    found += ["hydra.sweeper.slot_params={}", "hydra.sweeper.seed_keys=[seed]", "hydra.sweeper.proposer=rules"]
    found += ["hydra.sweeper.n_parallel=1", "hydra.sweeper.dispatch=batch", "hydra.sweeper.confirm.budgets=[search]"]
    if not ideas:
        return [*found, f"{KEY}={folder}/loss.py"]
    changes = {"enabled": "true", "every": "2", "test_seconds": "20"}
    return [
        *found,
        *(f"hydra.sweeper.code_evolution.{name}={value}" for name, value in changes.items()),
        f"hydra.sweeper.code.path={folder}/loss.py",
        *("hydra.sweeper.llm.client=_phase2_ideas.Ideas", f"hydra.sweeper.llm.script=[{','.join(ideas)}]"),
    ]


def row(folder: Path) -> dict[str, Any]:
    """What a finished sweep found, of its log."""
    state = read_sweep(folder / "sweep").state
    best = state.best()
    assert best is not None
    node = state.trees[best.block].node(best.number)
    known = {seen.revision.name: seen for seen in evidence(state)}
    seen = known.get(str(best.values.get(KEY)))
    [confirmed] = compare(state)
    fresh = confirmed.best or confirmed.baseline  # no best: that is the baseline itself
    return {
        "best": "as configured" if seen is None else idea_of(seen.revision),
        "since trial": "" if seen is None else min(trial.number for trial in seen.trials),
        "runs": node.runs,
        "code alone": _change(None if seen is None else seen.alone),
        "taken back": _change(None if seen is None else seen.taken_back),
        "fresh": fresh.mean,
        "fresh, baseline": confirmed.baseline.mean,
        "difference": confirmed.difference if confirmed.best else 0.0,
        "se": confirmed.standard_error or "",
        "repaired": sum(bool(s.revision.repairs) and s.is_kept for s in known.values()),
        "given up": len({state.code.chain(name)[0] for name in state.code.given_up}),
        "refused": sum(len(q.calls) - (not q.failed) for q in state.questions if CANNOT_FIX not in q.failed),
    }


def idea_of(revision: CodeRevision) -> str:
    return revision.hypothesis.removeprefix("An idea: ").removesuffix(".")


def mean_of(arm: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [found for found in rows if found["arm"] == arm]
    shown = {name: mean_sd_least([found[name] for found in own], 2) for name in ("fresh", "difference")}
    better = sum(found["best"] in GOOD for found in own)
    return {"repetition": "all", "arm": arm, "best": f"better code in {better} of {len(own)}", **shown}


def _change(gain: CodeGain | None) -> str:
    """How much better than the other code, on recordings that both ran on."""
    return "" if gain is None else f"{gain.change:+.2f} ({gain.recordings})"


if __name__ == "__main__":
    main()
