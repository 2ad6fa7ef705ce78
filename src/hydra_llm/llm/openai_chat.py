"""Chat completions, which nearly every server speaks: a request's parameters, and what is read from a reply."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hydra_llm.llm.base import Image, JsonSource, OnText, Request, Usage
from hydra_llm.llm.openai_endpoint import Abilities, Endpoint, Reply, strict_schema


class ChatCompletions(Endpoint):
    name = "chat"
    takes: ClassVar[Mapping[str, str]] = {
        "temperature": "temperature",
        "seed": "seed",
        "max_tokens": "max_completion_tokens",
        "reasoning_effort": "reasoning_effort",
        "cache_key": "prompt_cache_key",
    }
    older: ClassVar[Mapping[str, str]] = {"max_completion_tokens": "max_tokens"}
    asks_for_usage = True

    def question(self, request: Request, abilities: Abilities) -> dict[str, Any]:
        asked: dict[str, Any] = {"messages": [self.message(message) for message in request.messages]}
        if request.schema is not None and abilities.json is not JsonSource.TEXT:
            asked["response_format"] = _response_format(request, abilities.json)
        return asked

    def part(self, content: str | Image) -> dict[str, Any]:
        if isinstance(content, str):
            return {"type": "text", "text": content}
        return {"type": "image_url", "image_url": {"url": content.data_url()}}

    def create(self, client: Any, arguments: dict[str, Any]) -> Any:
        return client.chat.completions.create(**arguments)

    def read_event(self, event: Any, reply: Reply, on_text: OnText | None) -> str:
        reply.model = event.model or reply.model
        if getattr(event, "usage", None) is not None:
            reply.usage = _usage(event.usage)
        if not event.choices:
            return ""
        choice = event.choices[0]
        reply.finish = choice.finish_reason or reply.finish
        reply.refusal += getattr(choice.delta, "refusal", None) or ""
        reply.reasoning += _reasoning(choice.delta)
        words = choice.delta.content or ""
        if words and on_text is not None:
            on_text(words)
        return words

    def read_whole(self, response: Any) -> Reply:
        choice = response.choices[0]
        return Reply(
            text=choice.message.content or "",
            model=response.model or "",
            finish=choice.finish_reason,
            refusal=getattr(choice.message, "refusal", None) or "",
            usage=Usage() if response.usage is None else _usage(response.usage),
            reasoning=_reasoning(choice.message),
        )


def _response_format(request: Request, level: JsonSource) -> dict[str, Any]:
    if level is JsonSource.JSON_MODE:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": strict_schema(request)}


def _reasoning(message: Any) -> int:
    """Length of what a server says in `reasoning_content` (vLLM, DeepSeek) or `reasoning` (Ollama, OpenRouter)."""
    said = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return len(said) if isinstance(said, str) else 0


def _usage(found: Any) -> Usage:
    details = getattr(found, "prompt_tokens_details", None)
    return Usage(found.prompt_tokens, found.completion_tokens, getattr(details, "cached_tokens", None))
