"""A model that works in blocks: proposes one parameter at a time, predicts, and at a block's end observes, remembers,
edits the protocol and chooses the next simulation.
"""

import json
import re
from typing import Any

RULES = "| condition | strategy | action |\n|---|---|---|\n| default | exploit | lower the noise (block {block}) |\n"


def question(body: dict[str, Any]) -> str:
    return body["messages"][1]["content"]


def scientist(body: dict[str, Any]) -> str:
    text = question(body)
    return json.dumps(_look_back(text) if ">>> BLOCK END <<<" in text else _propose(text))


def _propose(text: str) -> dict[str, Any]:
    nodes = [int(number) for number in re.findall(r"^Node (\d+): UCB", text, re.MULTILINE)]
    trials = len(re.findall(r"^- Trial ", text, re.MULTILINE))
    answers = []
    for index, (number, role) in enumerate(re.findall(r"^- slot (\d+): ([\w-]+)$", text, re.MULTILINE)):
        rerun = role == "replicate"
        answers.append(
            {
                "slot": int(number),
                "role": role,
                "strategy": "robustness-test" if rerun else "exploit",
                "parent": nodes[0] if nodes else None,
                "mutations": [] if rerun else [{"key": "noise", "value": round(0.9 / (2 + trials + index), 6)}],
                "hypothesis": {"statement": "less noise", "low": -2.0, "high": -0.5, "refuted_if": "below -2"},
                "principle": "P1" if role == "principle-test" else None,
                "reason": "highest UCB",
            }
        )
    return _answer(slots=answers)


def _look_back(text: str) -> dict[str, Any]:
    block = int(re.search(r"Block info: block (\d+)", text).group(1))  # type: ignore[union-attr]
    trials = [int(number) for number in re.findall(r"^- Trial (\d+) ", text, re.MULTILINE)]
    claim = {"key": "noise", "move": "down", "value": None, "effect": "better"}
    edits = [
        _edit("block summary", f"Block {block}: less noise is better.", trials[:1]),
        _edit("open question", f"What limits block {block}?", []),
    ]
    if block == 1:
        edits.append({**_edit("established", "Less noise is better.", trials[:2]), "claim": claim})
    tested = re.findall(r"^Tested in block \d+: regime=(\w+)", text, re.MULTILINE)
    free = [name for name in ("calm", "rough", "loud") if name not in tested]
    values = [{"key": "regime", "value": free[-1]}] if tested and free else []
    return _answer(
        observations=[{"trial": n, "text": f"seen at the end of block {block}"} for n in trials[:2]],
        memory_edits=edits,
        protocol_edit={"rules": RULES.format(block=block), "reason": f"block {block} ran in a chain"},
        next_block={"values": values, "reason": "not tested"} if values else None,
    )


def _edit(section: str, text: str, trials: list[int]) -> dict[str, Any]:
    return {"action": "add", "section": section, "entry": None, "text": text, "trials": trials}


def _answer(**fields: Any) -> dict[str, Any]:
    base = {"slots": [], "observations": [], "memory_edits": [], "protocol_edit": None, "next_block": None}
    return {**base, **fields}
