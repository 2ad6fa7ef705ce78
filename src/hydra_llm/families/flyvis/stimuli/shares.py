"""How a collection of films or photographs is divided: eight tenths to train on, one to validate, one to test."""

from collections.abc import Sequence
from typing import TypeVar

from hydra_llm.families.flyvis.stimuli.base import StimulusError

Item = TypeVar("Item")
LEAST = 3


def share(items: Sequence[Item], split: str, word: str) -> Sequence[Item]:
    """The part of `items` that a split shows; each split has one at least, and none is in two splits."""
    if len(items) < LEAST:
        raise StimulusError(
            f"There must be at least {LEAST} {word}, one each for train, validation and test, got {len(items)}. Add "
            "more."
        )
    held_out = max(1, len(items) // 10)
    cuts = {"train": (0, -2 * held_out), "validation": (-2 * held_out, -held_out), "test": (-held_out, None)}
    first, last = cuts[split]
    return items[first:last]
