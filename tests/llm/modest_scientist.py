"""A model small enough to be a function: what the loopback server answers with when a whole sweep is driven by it."""

import json
import re
from collections.abc import Callable
from typing import Any

Move = Callable[[int, int], tuple[str, float]]  # (trials so far, position of the slot) -> parameter and value


def text_of(body: dict[str, Any]) -> str:
    """The text of the question, which stands beside figures where there are some."""
    content = body["messages"][1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def scientist(move: Move) -> Callable[[dict[str, Any]], str]:
    """Reads slots and UCB scores from the question, branches from the best node, and moves what `move` says."""

    def answer(body: dict[str, Any]) -> str:
        text = text_of(body)
        slots = re.findall(r"^- slot (\d+): ([\w-]+)", text, re.MULTILINE)
        nodes = [int(number) for number in re.findall(r"^Node (\d+): UCB", text, re.MULTILINE)]
        trials = len(re.findall(r"^- Trial ", text, re.MULTILINE))
        answers = []
        for index, (number, role) in enumerate(slots):
            key, value = move(trials, index)
            rerun = role == "replicate"
            answers.append(
                {
                    "slot": int(number),
                    "role": role,
                    "strategy": "robustness-test" if rerun else "exploit",
                    "parent": nodes[0] if nodes else None,
                    "mutations": [] if rerun else [{"key": key, "value": value}],
                    "hypothesis": {"statement": "less noise", "low": -2.0, "high": 0.0, "refuted_if": "below -2"},
                    "principle": "noise hurts" if role == "principle-test" else None,
                    "reason": "highest UCB",
                }
            )
        rest = {"observations": [], "memory_edits": [], "protocol_edit": None, "next_block": None}
        return json.dumps({"slots": answers, **rest})

    return answer


def _noise_down(trials: int, index: int) -> tuple[str, float]:
    return ("noise", "lr")[index % 2], round(0.9 / (1 + trials + index), 6) / (1, 10)[index % 2]


model = scientist(_noise_down)
