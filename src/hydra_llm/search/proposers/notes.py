"""What a proposer may write beside its proposals, as values: observations, memory edits, the protocol, the next block.

A note is a wish. Who keeps memory and protocol decides what becomes of it (search/annotations.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Remark:
    """One line about a finished trial. `mode` is a word of trial/reasoning.py and `confidence` a chance from 0 to 1,
    None where the author is silent; `lines` are the lines that the log of this family wants beside it, by name.
    """

    text: str
    mode: str | None = None
    confidence: float | None = None
    refuted: bool | None = None  # whether the refutation that the proposal named has come
    lines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimWish:
    """A principle in a form that later trials test: moving `key` up or down (from `value` or beyond), or to
    `value`, makes the metric better, worse, or neither ("none").
    """

    key: str
    move: Literal["up", "down", "to"]
    value: bool | int | float | str | None
    effect: Literal["better", "worse", "none"]
    when: tuple[tuple[str, bool | int | float | str | None], ...] = ()  # parameters that have these values
    within: float | None = None  # size of an effect that would still be none


@dataclass(frozen=True)
class EditWish:
    """An edit of the memory: `action` is add, revise, demote or remove; `entry` names an existing entry unless the
    action is add; `trials` are those that the entry rests on.
    """

    action: str
    section: str
    entry: str | None
    text: str
    trials: tuple[int, ...] = ()
    claim: ClaimWish | None = None


@dataclass(frozen=True)
class RulesWish:
    """The whole text between the markers of the protocol, or None for no change; the reason either way."""

    rules: str | None
    reason: str


@dataclass(frozen=True)
class BlockWish:
    """The complete values of the next block, or None and why the choice cannot be taken."""

    values: Mapping[str, Any] | None
    reason: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Notes:
    """`observations` maps the numbers of finished trials to a remark each."""

    observations: Mapping[int, Remark] = field(default_factory=dict)
    memory_edits: tuple[EditWish, ...] = ()
    protocol_edit: RulesWish | None = None
    next_block: BlockWish | None = None

    def joined(self, later: Notes) -> Notes:
        """With those of a later answer of the same decision; what the later one leaves out stays."""
        observations = dict(self.observations)
        for number, remark in later.observations.items():
            before = observations[number].lines if number in observations else {}
            observations[number] = replace(remark, lines={**before, **remark.lines})
        return Notes(
            observations,
            later.memory_edits or self.memory_edits,
            later.protocol_edit or self.protocol_edit,
            _chosen(self.next_block, later.next_block),
        )


NO_NOTES = Notes()


def _chosen(before: BlockWish | None, later: BlockWish | None) -> BlockWish | None:
    """The later choice; one that cannot be taken does not undo one that can."""
    if later is None or (later.values is None and before is not None and before.values is not None):
        return before
    return later
