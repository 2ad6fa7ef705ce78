"""The events of a sweep: a declared type per kind of line in events.jsonl."""

from hydra_llm.search.log.events.base import Event
from hydra_llm.search.log.events.blocks import BlockRecord, NextBlockChoice, Review
from hydra_llm.search.log.events.code import CodeGivenUp, CodeRefusal, CodeReview, CodeRevision
from hydra_llm.search.log.events.memory import MemoryEdit
from hydra_llm.search.log.events.questions import ModelCall, Question
from hydra_llm.search.log.events.sweep import Finished, Header, Session, SessionSettings
from hydra_llm.search.log.events.texts import Note, ProtocolEdit, ProtocolSource, StartMemorySource, UserNote
from hydra_llm.search.log.events.trials import Asked, AskedTrial, Launched, Lost, Rejection, Told

__all__ = [
    "Asked",
    "AskedTrial",
    "BlockRecord",
    "CodeGivenUp",
    "CodeRefusal",
    "CodeReview",
    "CodeRevision",
    "Event",
    "Finished",
    "Header",
    "Launched",
    "Lost",
    "MemoryEdit",
    "ModelCall",
    "NextBlockChoice",
    "Note",
    "ProtocolEdit",
    "ProtocolSource",
    "Question",
    "Rejection",
    "Review",
    "Session",
    "SessionSettings",
    "StartMemorySource",
    "Told",
    "UserNote",
]
