"""A model small enough to be a function: what the loopback server answers with when a whole sweep is driven by it."""

import json
import re
from typing import Any


def model(body: dict[str, Any]) -> str:
    """A modest scientist: reads slots and UCB scores from the question, and moves noise down and lr about."""
    text = body["messages"][1]["content"]
    slots = re.findall(r"^- slot (\d+): ([\w-]+)$", text, re.MULTILINE)
    nodes = [int(number) for number in re.findall(r"^Node (\d+): UCB", text, re.MULTILINE)]
    trials = len(re.findall(r"^- Trial ", text, re.MULTILINE))
    answers = []
    for index, (number, role) in enumerate(slots):
        moved = [
            {"key": ("noise", "lr")[index % 2], "value": round(0.9 / (1 + trials + index), 6) / (1, 10)[index % 2]}
        ]
        rerun = role == "replicate"
        answers.append(
            {
                "slot": int(number),
                "role": role,
                "strategy": "robustness-test" if rerun else "exploit",
                "parent": nodes[0] if nodes else None,
                "mutations": [] if rerun else moved,
                "hypothesis": {"statement": "less noise", "low": -2.0, "high": 0.0, "refuted_if": "below -2"},
                "principle": "noise hurts" if role == "principle-test" else None,
                "reason": "highest UCB",
            }
        )
    rest = {"observations": [], "memory_edits": [], "protocol_edit": None, "next_block": None}
    return json.dumps({"slots": answers, **rest})
