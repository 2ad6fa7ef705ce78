"""Chat completions on the wire: a request's parameters, and what is read from a reply, whole or in pieces."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from hydra_llm.llm.base import JsonSource, Message, OnText, Request, Usage


@dataclass
class Reply:
    """Raw material of an answer, before anything is read into it."""

    text: str = ""
    model: str = ""
    finish: str | None = None
    refusal: str = ""
    usage: Usage = field(default_factory=Usage)
    too_long: bool = False
    reasoning: int = 0  # characters beside the text, in the fields that servers of reasoning models add


def message_parameter(message: Message, with_images: bool) -> dict[str, Any]:
    if not message.images or not with_images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}]
    parts += [{"type": "image_url", "image_url": {"url": image.data_url()}} for image in message.images]
    return {"role": message.role, "content": parts}


def response_format(request: Request, level: JsonSource) -> dict[str, Any]:
    if level is JsonSource.JSON_MODE:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": request.schema_name, "strict": True, "schema": dict(request.schema or {})},
    }


def read_chunk(chunk: Any, reply: Reply, on_text: OnText | None) -> str:
    """Take one streamed chunk into the reply; returns its words."""
    reply.model = chunk.model or reply.model
    if getattr(chunk, "usage", None) is not None:
        reply.usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
    if not chunk.choices:
        return ""
    choice = chunk.choices[0]
    reply.finish = choice.finish_reason or reply.finish
    reply.refusal += getattr(choice.delta, "refusal", None) or ""
    reply.reasoning += _reasoning(choice.delta)
    words = choice.delta.content or ""
    if words and on_text is not None:
        on_text(words)
    return words


def read_whole(response: Any) -> Reply:
    choice = response.choices[0]
    usage = response.usage
    return Reply(
        text=choice.message.content or "",
        model=response.model or "",
        finish=choice.finish_reason,
        refusal=getattr(choice.message, "refusal", None) or "",
        usage=Usage() if usage is None else Usage(usage.prompt_tokens, usage.completion_tokens),
        reasoning=_reasoning(choice.message),
    )


def _reasoning(message: Any) -> int:
    """Length of what a server says in `reasoning_content` (vLLM, DeepSeek) or `reasoning` (Ollama, OpenRouter)."""
    said = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return len(said) if isinstance(said, str) else 0


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
