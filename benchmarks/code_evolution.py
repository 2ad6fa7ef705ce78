"""Whether a sweep that changes code finds the better program, where the better program is known and no model is asked.

    python benchmarks/code_evolution.py --repeats 5

Edits are drawn at random, with repetition, from a list of good, useless, crashing and cheating ones; the same list for
both arms, with as many runs. `sweep`: they are answers to a sweep's questions for code (every second trial), with its
checks, its memory of what was tried, its reruns. `random edits`: each goes on top of the best program so far and is
kept where its one run has a higher value. `checked edits`: the same after the checks of a sweep.
"""

import argparse
import logging
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from _code_tasks import CHEATING, EDITS, FIRST, TASKS, Task, edited, recovery
from _report import mean_sd_least, publish
from tqdm import tqdm

from hydra_llm.code.trial_run import RunLimits
from hydra_llm.code.workspace import Workspace
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.search.evolution import author as asking
from hydra_llm.search.evolution.answer import CANNOT_FIX
from hydra_llm.search.evolution.author import Author
from hydra_llm.search.evolution.evolution import Evolution
from hydra_llm.search.evolution.reviewer import NoReviewer
from hydra_llm.search.evolution.settings import BASE, NAMES, CodeSettings
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Revision, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState, from_result
from hydra_llm.search.trial.trial import Trial, TrialError
from hydra_llm.training.strategy import StrategyError

RATE = 0.05
FRESH = range(100, 105)  # recordings that no run of a search has seen
REPAIRS = 3
LIMITS = RunLimits(20.0, 2000)
INTERFACE_TEST = "hydra_llm.training.strategy_check.check_strategy"


@dataclass(frozen=True)
class Search:
    """text: of the program that it ends with. found: runs until it led with the better program; None: never. crashed,
    cheated: runs whose program crashed, or held a cheating edit. refused: ideas that never ran.
    """

    text: str
    found: int | None
    crashed: int
    cheated: int
    refused: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Programs found by a sweep that changes code, and by random edits.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--trials", type=int, default=24)
    options = parser.parse_args()
    logging.getLogger("hydra_llm").setLevel(logging.CRITICAL)
    asking.examine = cache(asking.examine)  # the same text is tested once: a test is a process that imports torch
    rows = []
    for task in TASKS:
        for name, arm in ARMS.items():
            ends = [arm(task, options.trials, seed) for seed in tqdm(range(options.repeats), f"{task.name}, {name}")]
            rows.append(_row(task, name, ends))
    note = (
        f"{options.trials} runs each, {options.repeats} repetitions. Found: repetitions that end with the better "
        f"program; runs: median until it led, where found. Gain: R2 of W of the last program above that of the first "
        f"on {len(FRESH)} fresh recordings, mean +- sd (minimum), programs that read the truth counted as 0. Edits are "
        f"drawn from {len(EDITS)}, of which {len(CHEATING)} cheat."
    )
    publish("code_evolution", "Code that a sweep changes, without a model", rows, packages=("torch",), note=note)


def _row(task: Task, name: str, ends: list[Search]) -> dict[str, Any]:
    found = [end.found for end in ends if end.found is not None and task.has_all(end.text) and not cheats(end.text)]
    return {
        "task": task.name,
        "arm": name,
        "found": f"{len(found)} of {len(ends)}",
        "runs until": statistics.median(found) if found else "",
        "gain": mean_sd_least([gain(task, end.text) for end in ends], 3),
        "ends with a cheat": sum(cheats(end.text) for end in ends),
        "runs that crashed": sum(end.crashed for end in ends),
        "runs that cheated": sum(end.cheated for end in ends),
        "refused before a run": sum(end.refused for end in ends),
    }


def cheats(text: str) -> bool:
    return any(put.strip() in text for _, put in CHEATING)


def gain(task: Task, text: str) -> float:
    if cheats(text):
        return 0.0
    own, first = ([score(task, code, seed) for seed in FRESH] for code in (text, FIRST))
    return statistics.mean(a - b for a, b in zip(own, first, strict=True))


def score(task: Task, text: str, seed: int, rate: float = RATE) -> float:
    """Raises StrategyError for a program that cannot be fitted. One that never ends is not run at all."""
    if "while True" in text:
        raise StrategyError("It never ends.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "strategy.py"
        path.write_text(text)
        return recovery(task, path, text, seed, rate)


# ---- random edits ----
def random_edits(task: Task, n_trials: int, seed: int) -> Search:
    return climb(task, n_trials, random.Random(seed), lambda text: False)


def checked_edits(task: Task, n_trials: int, seed: int) -> Search:
    return climb(task, n_trials, random.Random(seed), lambda text: bool(asking.examine(text, INTERFACE_TEST, LIMITS)))


def climb(task: Task, n_trials: int, rng: random.Random, is_refused: Callable[[str], bool]) -> Search:
    """What is refused takes no run."""
    text, best = FIRST, score(task, FIRST, 0)
    found, crashed, cheated, refused = None, 0, 0, 0
    for number in range(1, n_trials):
        while is_refused(new := changed(text, rng)):
            refused += 1
        cheated += cheats(new)
        try:
            value = score(task, new, 0)
        except StrategyError:
            crashed += 1
            continue
        if value > best:
            text, best = new, value
        if found is None and task.has_all(text) and not cheats(text):
            found = number + 1
    return Search(text, found, crashed, cheated, refused)


def changed(text: str, rng: random.Random) -> str:
    """By the first edit drawn that fits."""
    while True:
        new = edited(text, rng.choice(EDITS))
        if new is not None:
            return new


# ---- a sweep ----
def swept(task: Task, n_trials: int, seed: int, every: int = 2) -> Search:
    """every: trials between two ideas."""
    with tempfile.TemporaryDirectory() as folder:
        study = open_study(Path(folder), n_trials, seed, every)
        texts = {BASE: FIRST}
        found = None
        while not study.is_over and not study.must_stop:
            for trial in study.launched(study.ask(1)):
                texts |= {name: revision.text for name, revision in study.state.code.revisions.items()}
                study.tell(trial.number, outcome(task, trial, study, texts[trial.values["code"]]))
            best = study.state.best()
            led = "" if best is None else texts[best.values["code"]]
            if found is None and task.has_all(led) and not cheats(led):
                found = len(study.state.search_trials())
        best = study.state.best()
        trials = study.state.search_trials()
        text = FIRST if best is None else texts[best.values["code"]]
        refused = sum(len(question.problems) for question in study.state.questions)
        crashed = sum(trial.state.is_bad for trial in trials)
        cheated = sum(cheats(texts[trial.values["code"]]) for trial in trials)
        study.close("all trials are used")
        return Search(text, found, crashed, cheated, refused)


def open_study(folder: Path, n_trials: int, seed: int, every: int) -> Study:
    space = Space(
        (
            Float(name="rate", low=0.01, high=0.2, log=True, default=RATE),
            Revision(name="code", choices=(BASE, *NAMES), default=BASE),
        )
    )
    settings = CodeSettings("code", INTERFACE_TEST, every, REPAIRS, LIMITS.seconds, LIMITS.megabytes)
    workspace = Workspace.open(folder, "strategy.py", FIRST)
    author = Author(settings, workspace, ScriptedClient(answers(random.Random(seed))), NoReviewer(), lambda: 0.0)
    wanted = Settings(space, Objective("W_R2"), n_trials=n_trials, n_parallel=1, seed=seed, seed_keys=("seed",))
    policy, proposer = make_policy("puct_rank", None), make_proposer("rules", {})
    return Study(folder, wanted, policy, proposer, argv=["code_evolution"], evolution=Evolution(author))


def answers(rng: random.Random) -> Iterator[Any]:
    """To every question an edit of the best trial's code; a crash is given up."""

    def answer(request: Any) -> dict[str, Any]:
        parents = request.schema["properties"]["parent"]["enum"]
        search, replace = rng.choice(EDITS)
        repairs = f"set give_up to {CANNOT_FIX}" in request.messages[1].text
        return {
            "parent": parents[0],
            "hypothesis": "The value rises.",
            "rationale": "Drawn at random.",
            "edits": [{"search": search, "replace": replace}],
            "give_up": CANNOT_FIX if repairs else None,
        }

    while True:
        yield answer


def outcome(task: Task, trial: Trial, study: Study, text: str) -> Outcome:
    seed = trial.seeds.get("seed", 0) % 97  # recordings 0 ... 96
    try:
        value = score(task, text, seed, trial.values["rate"])
    except StrategyError as error:
        return Outcome(TrialState.FAILED, error=TrialError("StrategyError", str(error)))
    return from_result({"W_R2": value}, study.settings.objective)


ARMS = {"sweep": swept, "checked edits": checked_edits, "random edits": random_edits}

if __name__ == "__main__":
    main()
