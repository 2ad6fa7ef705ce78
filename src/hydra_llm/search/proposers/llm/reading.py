"""A model's answer, read as far as it follows the contract of answer.py.

What is beside the proposals is never worth a proposal: a note, a claim or a field that does not follow the form is left
out, with a sentence. A proposal is taken whole or not at all, since half of one is another one.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hydra_llm.search.proposers.llm.answer import LlmAnswer

Place = tuple[int | str, ...]

# The parts that are left out alone, the smallest first; "*" stands for a position in a list.
_PARTS: tuple[Place, ...] = (
    ("observations", "*", "lines", "*"),
    ("observations", "*", "lines"),
    ("observations", "*", "mode"),
    ("observations", "*", "confidence"),
    ("observations", "*", "refuted"),
    ("observations", "*"),
    ("memory_edits", "*", "claim"),
    ("memory_edits", "*"),
    ("slots", "*"),
    *((name,) for name in LlmAnswer.model_fields),
)


def read_answer(parsed: Mapping[str, Any]) -> tuple[LlmAnswer | None, list[str]]:
    """What follows the contract, and one sentence per thing that does not; None where nothing does."""
    whole = {name: value for name, value in parsed.items() if _is_text(name)}
    unread = [f"{name!r}: no text." for name in parsed if name not in whole]
    if "slots" not in whole and set(whole) & set(LlmAnswer.model_fields):
        whole["slots"] = []  # a review has none
    try:
        return LlmAnswer.model_validate(whole), unread
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problems = [*unread, *(f"{_name(item['loc'])}: {item['msg']}." for item in found)]
    if "slots" not in whole:
        return None, problems
    try:
        return LlmAnswer.model_validate(_without(whole, [_part(item) for item in found])), problems
    except ValidationError:
        return None, problems


def _is_text(name: str) -> bool:
    """Whether it can be written: JSON can spell half of a character, of which nobody can say where it stands."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _part(error: ErrorDetails) -> Place:
    """The place of what is left out for an error: an unknown field alone, else the part around it."""
    place = error["loc"]
    if error["type"] == "extra_forbidden":
        return place
    for part in _PARTS:
        if len(part) <= len(place) and all(name in ("*", at) for name, at in zip(part, place, strict=False)):
            return place[: len(part)]
    return place


def _without(parsed: Mapping[str, Any], places: Sequence[Place]) -> Any:
    """A copy without these places, the later positions of a list first, so that the earlier ones hold."""
    found: Any = copy.deepcopy(dict(parsed))
    for place in sorted(set(places), key=lambda place: [(isinstance(at, int), at) for at in place], reverse=True):
        holder = found
        for at in place[:-1]:
            holder = holder[at]
        del holder[place[-1]]
    return found


def _name(place: Sequence[int | str]) -> str:
    """slots[0].mutations[1].value, without the names of union members."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in ("bool", "int", "float", "str"):
            text += f".{part}" if text else str(part)
    return text or "the answer"
