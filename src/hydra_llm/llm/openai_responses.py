"""The Responses API, where OpenAI's newest models answer: a request's parameters, and what is read from a reply.

Nothing is left at the provider (`store: false`): every question carries all that it needs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from hydra_llm.llm.base import Image, JsonSource, OnText, Request, Usage
from hydra_llm.llm.openai_endpoint import Abilities, Endpoint, Reply, StreamFailed, strict_schema

_THOUGHTS = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Responses(Endpoint):
    name = "responses"
    takes: ClassVar[Mapping[str, str]] = {
        "temperature": "temperature",
        "max_tokens": "max_output_tokens",
        "reasoning_effort": "reasoning",
        "cache_key": "prompt_cache_key",
    }

    def question(self, request: Request, abilities: Abilities) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "input": [self.message(message) for message in request.messages],
            "store": False,
        }
        if request.schema is not None and abilities.json is not JsonSource.TEXT:
            asked["text"] = {"format": _format(request, abilities.json)}
        return asked

    def part(self, content: str | Image) -> dict[str, Any]:
        if isinstance(content, str):
            return {"type": "input_text", "text": content}
        return {"type": "input_image", "image_url": content.data_url(), "detail": "auto"}

    def create(self, client: Any, arguments: dict[str, Any]) -> Any:
        return client.responses.create(**arguments)

    def value(self, parameter: str, setting: Any) -> Any:
        return {"effort": setting} if parameter == "reasoning" else setting

    def read_event(self, event: Any, reply: Reply, on_text: OnText | None) -> str:
        if event.type == "response.output_text.delta":
            if event.delta and on_text is not None:
                on_text(event.delta)
            return event.delta or ""
        if event.type == "response.refusal.delta":
            reply.refusal += event.delta
        elif event.type in _THOUGHTS:
            reply.reasoning += len(event.delta)
        elif event.type == "error":
            raise StreamFailed(event.message or "an error without words")
        elif event.type in _ENDS:
            end = self.read_whole(event.response)
            reply.model, reply.finish, reply.usage = end.model, end.finish, end.usage
            reply.reasoning = max(reply.reasoning, end.reasoning)
            reply.refusal = end.refusal or reply.refusal
        return ""

    def read_whole(self, response: Any) -> Reply:
        if response.status == "failed":
            raise StreamFailed(response.error.message if response.error is not None else "an error without words")
        parts = [part for item in response.output if item.type == "message" for part in item.content]
        return Reply(
            text="".join(part.text for part in parts if part.type == "output_text"),
            model=response.model or "",
            finish=_finish(response),
            refusal="".join(part.refusal for part in parts if part.type == "refusal"),
            usage=Usage() if response.usage is None else _usage(response.usage),
            reasoning=sum(_length(item) for item in response.output if item.type == "reasoning"),
        )


def _format(request: Request, level: JsonSource) -> dict[str, Any]:
    if level is JsonSource.JSON_MODE:
        return {"type": "json_object"}
    return {"type": "json_schema", **strict_schema(request)}


def _length(thought: Any) -> int:
    said = [*(getattr(thought, "content", None) or ()), *(getattr(thought, "summary", None) or ())]
    return sum(len(part.text) for part in said)


def _finish(response: Any) -> str:
    """In the words of chat completions."""
    if response.status != "incomplete":
        return "stop"
    reason = response.incomplete_details.reason if response.incomplete_details is not None else None
    return "length" if reason == "max_output_tokens" else reason or "length"


def _usage(found: Any) -> Usage:
    details = getattr(found, "input_tokens_details", None)
    return Usage(found.input_tokens, found.output_tokens, getattr(details, "cached_tokens", None))
