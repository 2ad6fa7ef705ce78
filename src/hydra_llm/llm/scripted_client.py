"""The fake that ships with the real clients: it replays a list.

An item is the text of an answer, a JSON object, an `LlmError` to raise, or a function of the request that returns one
of these. Every request is kept, so that a test can read what was asked.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from hydra_llm.llm.base import Answer, Client, JsonSource, OnText, Request, Usage
from hydra_llm.llm.errors import LlmError, Unavailable
from hydra_llm.llm.json_extraction import answer_from_text
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.tokens import estimate_tokens

Script = str | Mapping[str, Any] | LlmError


class ScriptedClient(Client):
    def __init__(self, script: Iterable[Script | Callable[[Request], Script]], model: str = "scripted") -> None:
        self._script = iter(script)
        self._model = model
        self.requests: list[Request] = []

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        return cls(settings.script)

    @property
    def model(self) -> str:
        return self._model

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        self.requests.append(request)
        try:
            item = next(self._script)
        except StopIteration:
            raise Unavailable(
                f"The script has no answer to question {len(self.requests)}. Give it one item per question."
            ) from None
        if callable(item):
            item = item(request)
        if isinstance(item, LlmError):
            raise item
        text = item if isinstance(item, str) else json.dumps(item)
        for line in text.splitlines(keepends=True):
            if on_text is not None:
                on_text(line)
        usage = Usage(request.n_tokens, estimate_tokens(text))
        return answer_from_text(text, request, self._model, JsonSource.SCHEMA, usage)
