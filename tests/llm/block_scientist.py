"""A model that works in blocks: proposes one parameter at a time, predicts, and at a block's end observes, remembers,
edits the protocol and chooses the next simulation.
"""

import json
import re
from typing import Any

from llm_sweeps import answer
from modest_scientist import slots, text_of, trials_of

RULES = "| condition | strategy | action |\n|---|---|---|\n| default | exploit | lower the noise (block {block}) |\n"

GONE = (
    "principle-test, robustness-test, failure-probe, recombine, switch-dimension, explore, force-branch, pair; "
    "of exploit: the latest trial failed, the leader is at an edge with an untried neighbour"
)


def scientist(body: dict[str, Any]) -> str:
    text = text_of(body)
    if ">>> BLOCK END <<<" in text:
        return json.dumps(_look_back(text))
    block = re.search(r"Block info: block (\d+)", text)
    start = 0.55 - 0.1 * int(block.group(1) if block else 1)  # below the leader that a block inherits

    def noise_down(trials: int, index: int) -> tuple[str, float]:
        return "noise", round(start - 0.03 * (trials + index), 6)  # steps of more than 1 % of the range

    return json.dumps(answer(*slots(text, noise_down, high=-0.5, principle="P1")))


def _look_back(text: str) -> dict[str, Any]:
    block = int(re.search(r"Block info: block (\d+)", text).group(1))  # type: ignore[union-attr]
    trials = trials_of(text)
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
    return answer(
        observations=[{"trial": n, "text": f"seen at the end of block {block}"} for n in trials[:2]],
        memory_edits=edits,
        protocol_edit={
            "rules": RULES.format(block=block),
            "reason": f"block {block} ran in a chain; not needed: {GONE}",
        },
        next_block={"values": values, "reason": "not tested"} if values else None,
    )


def _edit(section: str, text: str, trials: list[int]) -> dict[str, Any]:
    return {"action": "add", "section": section, "entry": None, "text": text, "trials": trials}
