"""How long the questions to a language model are, and what a scientist does that follows nothing but their text.

    python benchmarks/prompt.py                              scripted sweeps over twenty search seeds
    python benchmarks/prompt.py --recording FOLDER           a recorded conversation as well: its questions and answers

Tokens are counted with the vocabulary o200k_base where bpe-openai is installed, else estimated.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import random
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from _scientist import Scientist
from omegaconf import OmegaConf

from hydra_llm.llm.base import Answer, Client, JsonSource, OnText, Request
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.tokens import estimate_tokens
from hydra_llm.search.context import Thresholds
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import from_result
from hydra_llm.search.trial.trial import Trial

ROOT = Path(__file__).resolve().parents[1]
TRIALS = 24
AT = (5, 13, 24)  # trials whose questions are measured
T = "training."


def _choice(name: str, default: Any, *others: Any) -> Categorical:
    return Categorical(name=T + name, choices=(default, *others), default=default)


SPACE = Space(
    (
        Float(name=T + "learning_rate_k", low=1e-3, high=1e-1, log=True, default=0.005, help="of log10 k"),
        _choice("learning_rate_node", 0.0, 1e-4, 1e-3),
        Float(name=T + "learning_rate_sub", low=1e-4, high=1e-2, log=True, default=5e-4, help="of MLP_sub"),
        _choice("data_augmentation_loop", 40, 80, 160),
        _choice("batch_size", 8, 16, 32),
        _choice("learning_rate_schedule", "constant", "cosine"),
        _choice("coeff_MLP_sub_diff", 5.0, 0.0, 1.0, 10.0),
        _choice("coeff_MLP_sub_norm", 1.0, 0.0, 10.0),
        _choice("k_solve_interval", 0, 300, 600),
    )
)


def reactions(trial: Trial) -> dict[str, float]:
    """A response surface like the recorded one: digits of accuracy add up, a fast substrate function runs away on hard
    recordings unless its norm is held, and recordings differ in difficulty.
    """
    v = {key.removeprefix(T): value for key, value in trial.values.items()}
    hard = 1.2 * _draw(trial.seeds).random() if trial.seeds else 0.0
    fast, held = v["learning_rate_sub"] > 8e-3, v["coeff_MLP_sub_norm"] > 5
    digits = 1.2 * (v["k_solve_interval"] > 0) - 0.1 + 0.6 * max(0.0, math.log10(v["learning_rate_k"] / 0.005))
    digits = min(digits, 2.2) + 0.7 * math.log10(v["learning_rate_sub"] / 5e-4)
    digits += 0.3 * math.log2(v["data_augmentation_loop"] / 40) + 0.25 * (v["learning_rate_schedule"] == "cosine")
    digits += 0.2 * (v["learning_rate_node"] == 1e-4) - 0.15 * math.log2(v["batch_size"] / 8)
    digits -= hard * (2.0 if fast and not held else 1.0) - 0.2 * (held and v["learning_rate_sub"] > 5e-3)
    return _with_diagnostics(1.0 - 10 ** -(digits + _draw(v, trial.seeds).gauss(0.0, 0.03)))


def rates(trial: Trial) -> dict[str, float]:
    """A flatter surface: two rates with an optimum each and a ridge between them, choices that matter a little."""
    v = {key.removeprefix(T): value for key, value in trial.values.items()}
    k, sub = math.log10(v["learning_rate_k"]), math.log10(v["learning_rate_sub"])
    value = 0.9 - 0.25 * (k + 1.6) ** 2 - 0.2 * (sub + 2.6) ** 2 - 0.1 * (k - sub - 1.0) ** 2
    value += 0.03 * (v["learning_rate_schedule"] == "cosine") + 0.03 * (v["data_augmentation_loop"] == 160)
    value += 0.03 * (v["coeff_MLP_sub_diff"] == 1.0) - 0.05 * (v["coeff_MLP_sub_norm"] == 0.0)
    value -= 0.15 * _draw(trial.seeds).random() if trial.seeds else 0.0
    return _with_diagnostics(value + _draw(v, trial.seeds).gauss(0.0, 0.005))


def _draw(*what: Mapping[str, Any]) -> random.Random:
    return random.Random(str([sorted(one.items()) for one in what]))


WORLDS: Mapping[str, Callable[[Trial], dict[str, float]]] = {"reactions": reactions, "rates": rates}


def _with_diagnostics(value: float) -> dict[str, float]:
    """The metric among as many others as a run returns, named as a run names them."""
    search = OmegaConf.load(ROOT / "conf" / "search" / "metabolism.yaml")
    rng = random.Random(f"{value:.12g}")
    others = [str(metric) for metric in search.show] + [f"oracle_tied_{i}" for i in range(20)]
    others += [f"diagnostic_{i}" for i in range(25)]
    found = {other: 0.5 if other.startswith(("oracle", "activity")) else round(rng.random(), 6) for other in others}
    return {**found, "final_loss": 1.0 - value, "rate_constants_R2": value}


def settings(seed: int) -> Settings:
    search = OmegaConf.load(ROOT / "conf" / "search" / "metabolism.yaml")
    return Settings(
        space=SPACE,
        objective=Objective("rate_constants_R2"),
        n_trials=TRIALS,
        n_parallel=1,
        seed=seed,
        seed_keys=("seed",),
        thresholds=Thresholds(**search.thresholds),
        show=tuple(search.show),
        ceiling=search.ceiling,
        description=search.description,
    )


def run(proposer: Proposer, task: Callable[[Trial], dict[str, float]], seed: int = 0) -> Study:
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder), settings(seed), make_policy("puct_rank", None), proposer, argv=[])
        while not study.is_over:
            for trial in study.launched(study.ask(1)):
                study.tell(trial.number, from_result(task(trial), study.settings.objective, folder=folder))
        study.close()
        return study


def asked(client: Client) -> LlmProposer:
    protocol = (ROOT / "instructions" / "metabolism.md").read_text(encoding="utf-8")
    return LlmProposer(client, LlmSettings.of({}), protocol, on_text=lambda words: None)


def chosen(study: Study, task: Callable[[Trial], dict[str, float]]) -> float:
    """Digits of accuracy of the configuration that leads in the end, over eight recordings that no search saw."""
    trials = study.state.search_trials()
    leader = Recordings(study.state.tree, trials, study.settings.objective, study.settings.ceiling).leader
    assert leader is not None
    proposal = replace(trials[0].proposal, values=leader.values)
    fresh = [replace(trials[0], proposal=proposal, seeds={"seed": 900 + number}) for number in range(8)]
    return float(np.mean([-math.log10(max(1e-9, 1.0 - task(trial)["rate_constants_R2"])) for trial in fresh]))


def gains(task: Callable[[Trial], dict[str, float]], seeds: int, *, blind: bool = False) -> np.ndarray:
    """Scientist minus coded rules, one difference per search seed."""
    mine = [chosen(run(asked(Scientist(blind=blind)), task, seed), task) for seed in range(seeds)]
    rules = [chosen(run(RulesProposer(), task, seed), task) for seed in range(seeds)]
    return np.array(mine) - np.array(rules)


# ---- tokens ----


def count(text: str) -> int:
    try:
        from bpe_openai import get_encoding
    except ImportError:
        return estimate_tokens(text)
    return len(get_encoding("o200k_base").encode(text))


def sizes(requests: list[Request]) -> dict[int, tuple[int, int]]:
    """Trial -> (tokens, of which static) of the question that decided it; the last one for trials beyond."""
    found = {}
    for trial in AT:
        request = requests[min(trial, len(requests)) - 1]
        static, state = (count(message.text) for message in request.messages[:2])
        found[trial] = (static + state, static)
    return found


class Recorded(Client):
    """Gives recorded answers in order, trial by trial; an answer that was returned is passed over."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[Request] = []
        texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("answer_*.json"))]
        self._answers = [json.loads(text[text.index("{") : text.rindex("}") + 1]) for text in texts]

    @property
    def model(self) -> str:
        return "recorded"

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        if len(request.messages) == 2:
            self.requests.append(request)
        answer = self._answers.pop(0)
        return Answer(json.dumps(answer), answer, self.model, json_source=JsonSource.SCHEMA)


def recorded_task(folder: Path) -> Callable[[Trial], dict[str, float]]:
    """The results of the recorded trials as its questions showed them; metrics that they left out get a placeholder."""
    rows: dict[int, dict[str, float]] = {}
    row = re.compile(r"^- Trial (\d+) \([^|]*\| [^|]* \| ([^|]*)", re.MULTILINE)
    for path in sorted(folder.glob("question_*.md")):
        for number, text in row.findall(path.read_text(encoding="utf-8")):
            found = {name: float(value) for name, value in re.findall(r"(\w+)=([-+.\deE]+)", text)}
            rows[int(number)] = rows.get(int(number), {}) | found
    shown = settings(0).show

    def task(trial: Trial) -> dict[str, float]:
        known = rows[trial.number]
        known = known | ({"final_loss": known["best_val_loss"]} if "best_val_loss" in known else {})
        return {**dict.fromkeys(shown, 0.123456), **known}

    return task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=Path, help="folder of a recorded conversation")
    parser.add_argument("--seeds", type=int, default=20, help="search seeds of the scripted sweeps")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    for name, task in WORLDS.items():
        scientist = Scientist()
        run(asked(scientist), task)
        print(f"{name}: {_sizes(scientist.requests)}")
        for blind in (False, True):
            found = gains(task, given.seeds, blind=blind)
            half = 1.96 * found.std(ddof=1) / math.sqrt(len(found))
            whose = "scientist without open moves and changes" if blind else "scientist"
            won = f"{(found > 0).sum()} of {len(found)} won"
            print(f"{name}: {whose} minus rules, digits: {found.mean():+.2f} +- {half:.2f}, {won}")
    if given.recording:
        client = Recorded(given.recording)
        run(asked(client), recorded_task(given.recording))
        print(f"recorded sweep now: {_sizes(client.requests)}")
        for path in sorted(given.recording.glob("question_*.md")):
            print(f"{path.stem} as it was: {count(path.read_text(encoding='utf-8'))} tokens")


def _sizes(requests: list[Request]) -> str:
    found = [f"trial {trial}: {whole} ({static} static)" for trial, (whole, static) in sizes(requests).items()]
    return "tokens of the question for " + ", ".join(found)


if __name__ == "__main__":
    main()
