"""Events as JSON objects and back, the one place that knows how a line of the log looks."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from hydra_llm.search.log.events.base import Event
from hydra_llm.search.log.events.blocks import BlockRecord, NextBlockChoice, Review
from hydra_llm.search.log.events.code import CodeGivenUp, CodeRefusal, CodeReview, CodeRevision
from hydra_llm.search.log.events.memory import MemoryEdit
from hydra_llm.search.log.events.questions import Question
from hydra_llm.search.log.events.sweep import Finished, Header, Session
from hydra_llm.search.log.events.texts import Note, ProtocolEdit, ProtocolSource, StartMemorySource, UserNote
from hydra_llm.search.log.events.trials import Asked, Launched, Lost, Rejection, Told

TYPES: tuple[type[Event], ...] = (
    *(Header, Session, Finished),
    *(BlockRecord, NextBlockChoice, Review),
    *(Rejection, Asked, Launched, Lost, Told),
    *(Question, Note, MemoryEdit, UserNote),
    *(CodeRevision, CodeReview, CodeRefusal, CodeGivenUp),
    *(ProtocolSource, ProtocolEdit, StartMemorySource),
)
_FORMS: dict[str, TypeAdapter[Event]] = {kind.type: TypeAdapter(kind) for kind in TYPES}


def to_json(event: Event) -> dict[str, Any]:
    """The fields of an event under their names, after its type; those of an outcome stand beside its number."""
    fields = _FORMS[event.type].dump_python(event, warnings="none")
    if isinstance(event, Told):
        fields |= fields.pop("outcome")
    return {"type": event.type, **fields}


def from_json(data: dict[str, Any]) -> Event | None:
    """The inverse of to_json, None for a type that a newer program wrote; fields that are not known are left out.

    Raises pydantic's ValidationError for an event that is not of its type.
    """
    form = _FORMS.get(data.get("type", ""))
    if form is None:
        return None
    return form.validate_python({**data, "outcome": data} if data["type"] == Told.type else data)
