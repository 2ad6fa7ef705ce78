"""A model small enough to be a function: what the loopback server answers with when it drives a whole sweep."""

import json
import re
from collections.abc import Callable
from typing import Any

from llm_sweeps import answer, slot

from hydra_llm.search.space.space import Categorical, Float, Space

KEY = "sk-loopback-0123456789"
SPACE = Space(
    (
        Float(name="lr", low=1e-4, high=1e-1, log=True, default=1e-1),
        Float(name="noise", low=0.0, high=2.0, default=1.0),
        Categorical(name="act", choices=("relu", "tanh"), default="relu"),
    )
)

Move = Callable[[int, int], tuple[str, float]]  # (trials so far, position of the slot) -> parameter and value


def text_of(body: dict[str, Any]) -> str:
    """The text of the question, which stands beside figures where there are some."""
    content = body["messages"][1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def scientist(move: Move) -> Callable[[dict[str, Any]], str]:
    """Reads slots and the leader from the question, branches from it, and moves what `move` says."""
    return lambda body: json.dumps(answer(*slots(text_of(body), move)))


def trials_of(text: str) -> list[int]:
    """Numbers of the trials in the table of trials, newest first."""
    rows = text.partition("## Trials")[2].partition("\n## ")[0]
    return [int(number) for number in re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)]


def slots(text: str, move: Move, high: float = 0.0, principle: str = "noise hurts") -> list[dict[str, Any]]:
    """An answer to each slot of the question; `high` ends the interval that is predicted."""
    nodes = [int(number) for number in re.findall(r"^\| (\d+) leader\b", text, re.MULTILINE)]
    trials = len(trials_of(text))
    answers = []
    for index, (number, role) in enumerate(re.findall(r"^- slot (\d+): ([\w-]+)", text, re.MULTILINE)):
        key, value = move(trials, index)
        rerun = role == "replicate"
        said = {"statement": "less noise", "low": -2.0, "high": high, "refuted_if": "below -2"}
        answers.append(
            slot(
                int(number),
                nodes[0] if nodes else None,
                role,
                strategy="robustness-test" if rerun else "exploit",
                moved={} if rerun else {key: value},
                hypothesis=said,
                principle=principle if role == "principle-test" else None,
            )
        )
    return answers


def _noise_down(trials: int, index: int) -> tuple[str, float]:
    return ("noise", "lr")[index % 2], round((1.7, 0.9)[index % 2] / (1 + trials + index), 6) / (1, 10)[index % 2]


model = scientist(_noise_down)
