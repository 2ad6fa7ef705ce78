"""What a server of the Responses API sends back: one object, or the events of a stream."""

import json
from collections.abc import Sequence
from typing import Any


def whole(body: dict[str, Any], text: str, finish: str, refusal: str | None, cached: int) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text}
    thought = {"id": "rs", "type": "reasoning", "summary": []}
    message = {"id": "msg", "type": "message", "role": "assistant", "status": "completed"}
    prompt = sum(len(json.dumps(message)) for message in body["input"])
    reason = {"length": "max_output_tokens"}.get(finish)
    return {
        "id": "resp",
        "object": "response",
        "created_at": 0,
        "model": body["model"],
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": [thought, {**message, "content": [{"annotations": [], **part}]}],
        "usage": {
            "input_tokens": prompt // 4,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": len(text) // 4,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        },
    }


def stream(
    body: dict[str, Any], pieces: Sequence[str], text: str, finish: str, refusal: str | None, cached: int
) -> str:
    end = whole(body, text, finish, refusal, cached)
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {**end, "output": [], "usage": None}}]
    place = {"item_id": "msg", "output_index": 1, "content_index": 0}
    if refusal:
        events.append({"type": "response.refusal.delta", "delta": refusal, **place})
    else:
        events += [{"type": "response.output_text.delta", "delta": piece, **place} for piece in pieces]
    events.append({"type": f"response.{end['status']}", "response": end})
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def failed_stream(message: str) -> str:
    event = {"type": "response.failed", "response": {
        "id": "resp", "object": "response", "created_at": 0, "model": "m", "status": "failed", "output": [],
        "error": {"code": "server_error", "message": message}, "usage": None,
    }}  # fmt: skip
    return f"event: response.failed\ndata: {json.dumps(event)}\n\n"
