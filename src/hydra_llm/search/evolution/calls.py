"""A call to the model for code, as the event log keeps it."""

from __future__ import annotations

from hydra_llm.llm.base import Answer, Client, Request
from hydra_llm.llm.usage import MeteredClient, usage_of
from hydra_llm.search.log.events import ModelCall


def call_record(request: Request, answer: Answer, client: Client) -> ModelCall:
    usage, estimated = usage_of(answer, request.n_tokens)
    meter = client.meter if isinstance(client, MeteredClient) else None
    return ModelCall(
        digest=request.digest(client.model),
        model=answer.model,
        json=str(answer.json_source),
        attempts=answer.attempts,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        estimated=estimated,
        expected_prompt_tokens=request.n_tokens,
        cost=None if meter is None else meter.cost(client.model, usage),
        notes=tuple(answer.notes),
    )
