"""What the two interfaces for text have in common: what a question may ask for, and what is read of a reply."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any, ClassVar

from hydra_llm.llm.base import Image, JsonSource, Message, OnText, Request, Usage


@dataclass(frozen=True)
class Abilities:
    """What the server is believed to understand."""

    json: JsonSource = JsonSource.SCHEMA
    stream: bool = True
    stream_usage: bool = True
    without: frozenset[str] = frozenset()  # parameters that it refuses: temperature, seed, max_completion_tokens


@dataclass
class Learnt:
    """What one server has taught by its answers, for a client and its copies together. Threads read and replace a
    member as a whole, which takes no lock.
    """

    endpoint: Endpoint
    abilities: Abilities = field(default_factory=Abilities)


@dataclass
class Reply:
    """Raw material of an answer, before anything is read into it. `finish` is `length` or `content_filter` where one of
    these ended it.
    """

    text: str = ""
    model: str = ""
    finish: str | None = None
    refusal: str = ""
    usage: Usage = field(default_factory=Usage)
    too_long: bool = False
    reasoning: int = 0  # characters beside the text, in the fields that servers of reasoning models add


class StreamFailed(Exception):
    """The server broke off in the middle of a stream, and says why."""


class Endpoint(ABC):
    """`takes` maps a setting to the parameter that carries it; a setting that is not there is not sent. `older` maps a
    parameter to the name that servers of an earlier day know it under.
    """

    name: ClassVar[str]
    takes: ClassVar[Mapping[str, str]]
    older: ClassVar[Mapping[str, str]] = {}
    asks_for_usage: ClassVar[bool] = False  # a stream counts its tokens only where it is asked to

    @abstractmethod
    def question(self, request: Request, abilities: Abilities) -> dict[str, Any]:
        """Messages and form of the answer."""

    @abstractmethod
    def part(self, content: str | Image) -> dict[str, Any]:
        """A text or a figure as a part of a message."""

    @abstractmethod
    def create(self, client: Any, arguments: dict[str, Any]) -> Any: ...

    @abstractmethod
    def read_event(self, event: Any, reply: Reply, on_text: OnText | None) -> str:
        """Take one event of a stream into the reply; returns its words. Raises StreamFailed."""

    @abstractmethod
    def read_whole(self, response: Any) -> Reply: ...

    def message(self, message: Message) -> dict[str, Any]:
        """Figures follow the text, each with its name before it."""
        if not message.images:
            return {"role": message.role, "content": message.text}
        named = ((f"Figure: {image.name}", image) for image in message.images)
        return {"role": message.role, "content": [self.part(item) for item in (message.text, *chain(*named))]}

    def value(self, parameter: str, setting: Any) -> Any:
        """How a setting is written under its parameter."""
        del parameter
        return setting

    def options(self, settings: Mapping[str, Any], without: frozenset[str]) -> dict[str, Any]:
        """Parameters that the server takes, by the name that it knows."""
        given: dict[str, Any] = {}
        for setting, value in settings.items():
            parameter = self.takes.get(setting)
            if parameter in without:
                parameter = self.older.get(parameter)
            if parameter is not None and parameter not in without:
                given[parameter] = self.value(parameter, value)
        return given

    def not_taken(self, settings: Mapping[str, Any], without: frozenset[str]) -> list[str]:
        """Names of the settings that a question goes without."""
        return sorted(name for name, value in settings.items() if not self.options({name: value}, without))


def strict_schema(request: Request) -> dict[str, Any]:
    return {"name": request.schema_name, "strict": True, "schema": dict(request.schema or {})}


def cache_key(request: Request) -> str:
    """Equal for questions that begin alike: a provider sends them to the machine that holds their beginning."""
    return hashlib.sha256(request.messages[0].text.encode()).hexdigest()[:32]


def retry_after_s(error: Any) -> float | None:
    """Seconds of a Retry-After header, which may be a number or a date; nonsense counts as absent."""
    value = error.response.headers.get("retry-after")
    if value is None:
        return None
    with suppress(ValueError):
        return float(value)
    with suppress(ValueError, TypeError):  # a date without a zone cannot be compared
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
