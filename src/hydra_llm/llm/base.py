"""What a client is: one question in, one answer out.

A `Request` is messages (text, optionally images) and the JSON schema that the answer should follow. An `Answer` is the
text as it came, the JSON found in it, how that JSON was obtained, and what it cost. Everything is a value: a request
can be hashed, so that a transcript can find it again, and an answer can be stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Self

from hydra_llm.dotted import construct
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.tokens import estimate_tokens, image_tokens


def encodable(text: str) -> str:
    """The text with lone surrogates replaced: JSON can hold them, UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


_DURATION = re.compile(r"\b\d+(\.\d+)? min\b")

Role = Literal["system", "user", "assistant"]
OnText = Callable[[str], None]  # receives the model's words as they come


class JsonSource(StrEnum):
    """How the JSON of an answer was obtained, from the strongest guarantee to the weakest."""

    SCHEMA = "schema"  # the server was given the schema and answered with bare JSON
    JSON_MODE = "json_mode"  # the server promised JSON, without a schema
    TEXT = "text"  # nothing was promised; the answer was bare JSON all the same
    EXTRACTED = "extracted"  # the JSON was cut out of prose or a code fence
    NONE = "none"  # no JSON: see json_error


@dataclass(frozen=True)
class Image:
    """A figure for the model. `name` is what the text calls it."""

    name: str
    media_type: str  # e.g. image/png
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def n_tokens(self) -> int:
        """Estimated."""
        return image_tokens(self.data)

    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True)
class Message:
    role: Role
    text: str
    images: tuple[Image, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", encodable(self.text))


@dataclass(frozen=True)
class Request:
    """A question.

    `sample` tells apart repetitions of the same question: the same request with another sample has another digest, so a
    transcript does not answer the second from the first.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    sample: int = 0

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("A request without messages asks nothing. Give at least one message.")

    @cached_property
    def n_tokens(self) -> int:
        """Estimated tokens of texts and images (tokens.py)."""
        images = sum(image.n_tokens for message in self.messages for image in message.images)
        return sum(estimate_tokens(message.text) for message in self.messages) + images

    def record(self) -> dict[str, Any]:
        """The request as JSON; images appear by digest, so that a transcript stays small."""
        return {
            "messages": [
                {
                    "role": message.role,
                    "text": message.text,
                    "images": [
                        {
                            "name": image.name,
                            "media_type": image.media_type,
                            "sha256": image.digest,
                            "n_tokens": image.n_tokens,
                        }
                        for image in message.images
                    ],
                }
                for message in self.messages
            ],
            "schema_name": self.schema_name,
            "schema": None if self.schema is None else dict(self.schema),
            "sample": self.sample,
        }

    def digest(self, model: str) -> str:
        """Address of this question to this model: sha256 of its canonical JSON, hexadecimal. How long runs took is left
        out, or no sweep could be replayed.
        """
        canonical = json.dumps({"model": model, **self.record()}, sort_keys=True, ensure_ascii=True)
        canonical = _DURATION.sub("- min", canonical)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them; None where it does not say. `cached_tokens` are those of the prompt that
    its cache held; reasoning counts among the tokens of the completion.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def is_known(self) -> bool:
        return self.prompt_tokens is not None and self.completion_tokens is not None

    @property
    def total(self) -> int:
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


@dataclass(frozen=True)
class Answer:
    """What came back.

    `parsed` is None exactly when `json_error` says why (refused, empty, cut off, not JSON), or when no schema was asked
    for. `notes` are sentences about what the client had to give up on the way, such as figures that the server cannot
    read.
    """

    text: str
    parsed: Any | None
    model: str
    usage: Usage = Usage()
    json_source: JsonSource = JsonSource.NONE
    json_error: str | None = None
    attempts: int = 1
    notes: tuple[str, ...] = ()
    replayed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", encodable(self.text))

    def record(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "parsed": self.parsed,
            "model": self.model,
            "usage": asdict(self.usage),
            "json_source": str(self.json_source),
            "json_error": self.json_error,
            "attempts": self.attempts,
            "notes": list(self.notes),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], replayed: bool = False) -> Answer:
        return cls(
            text=record["text"],
            parsed=record["parsed"],
            model=record["model"],
            usage=Usage(**record["usage"]),
            json_source=JsonSource(record["json_source"]),
            json_error=record["json_error"],
            attempts=record["attempts"],
            notes=tuple(record["notes"]),
            replayed=replayed,
        )


class Client(ABC):
    """Anything that answers. `model` is part of the address under which an answer is recorded."""

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        """The client that a name or dotted path under hydra.sweeper.llm.client stands for. Sends nothing and needs no
        key: a replay builds the client whose answers it replays. Unless a client says otherwise it reads no setting.
        """
        return construct("llm.client", cls)

    @property
    @abstractmethod
    def model(self) -> str: ...

    def for_first_question(self) -> Client | None:
        """The same backend, with little patience, for a question before the first trial (first_question.py). None where
        asking early tells nothing, as of a program on this machine or a list of answers.
        """
        return None

    @abstractmethod
    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        """Answer one request; raises `LlmError` when no answer could be had, never for the content of an answer."""
