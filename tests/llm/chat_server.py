"""A server of chat completions and of the Responses API on 127.0.0.1 that follows a script: able, limited or
misbehaving.

Each question takes the next item of the script. A text is answered, streamed if asked; anything else is a `Fault`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import responses_wire

PIECE_CHARS = 7  # size of a streamed delta of a text of ordinary length


@dataclass(frozen=True)
class Fault:
    status: int = 500
    message: str = "out of order"
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0  # say nothing for so long, then close
    reset: bool = False  # close the connection without a word
    garbage: bool = False  # HTTP 200 and a body that is no chat completion
    cut: bool = False  # the first half of the text with finish_reason length
    broken: bool = False  # the connection ends in the middle of the body
    refusal: bool = False
    code: str | None = None  # of the error
    page: bool = False  # the error as an HTML page, as a web server or a proxy sends it
    empty: bool = False  # the error without a body
    body: str = ""  # of the error, where it has another form than OpenAI's
    thoughts: str = ""  # an answer with nothing but this in the field of its reasoning
    field: str = "reasoning_content"
    text: str = ""
    raw: str = ""  # HTTP 200 and this text as the events of a stream


Item = str | Fault | Callable[[dict[str, Any]], str]  # a function answers from the request's body


class ChatServer:
    """`base_url` is where it listens; `requests` are the bodies it got, `keys` the bearer tokens, `paths` where each
    was sent. `cached` is the number of tokens that it says to have had in its cache.
    """

    def __init__(
        self,
        script: Iterable[Item] = (),
        schemas: bool = True,
        json_mode: bool = True,
        images: bool = True,
        responses: bool = True,
        cached: int | None = None,
    ):
        self.script = list(script)
        self.schemas = schemas
        self.json_mode = json_mode
        self.images = images
        self.responses = responses
        self.cached = cached
        self.stream_options = True
        self.streams = True
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "ChatServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def complaint(self, body: dict[str, Any]) -> str | None:
        """What this server does not understand in a request."""
        kind = (body.get("response_format") or body.get("text", {}).get("format", {})).get("type")
        if kind == "json_schema" and not self.schemas:
            return "response_format.type json_schema is not supported"
        if kind == "json_object" and not self.json_mode:
            return "response_format is not supported"
        if "stream_options" in body and not self.stream_options:
            return "unknown parameter: stream_options"
        if body.get("stream") and not self.streams:
            return "streaming is not supported"
        pictured = any(isinstance(message["content"], list) for message in _messages(body))
        if pictured and not self.images:
            return "this model does not accept image input"
        return None

    def take(self, body: dict[str, Any], key: str, path: str) -> str | Fault:
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            self.paths.append(path)
            if path.endswith("/responses") and not self.responses:
                return Fault(404, "Not Found")
            complaint = self.complaint(body)
            if complaint:
                return Fault(400, complaint)
            item = self.script.pop(0) if self.script else Fault(500, "the script has ended")
            return item(body) if callable(item) else item


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["messages"] if "messages" in body else body["input"]


def _handler_for(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            del format, args  # a test's output stays quiet

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            item = server.take(body, self.headers.get("Authorization", "").removeprefix("Bearer "), self.path)
            if isinstance(item, Fault):
                self._fault(item, body)
            else:
                self._answer(item, body)

        def _fault(self, fault: Fault, body: dict[str, Any]) -> None:
            if fault.hang_s:
                time.sleep(fault.hang_s)
            if fault.hang_s or fault.reset:
                self.close_connection = True
                self.connection.close()
            elif fault.raw:
                self._send(200, fault.raw.encode(), "text/event-stream")
            elif fault.garbage:
                self._send(200, b"<html>It works!</html>", "text/html")
            elif fault.cut and not fault.thoughts:
                self._answer(fault.text[: len(fault.text) // 2], body, finish="length")
            elif fault.broken:
                self._answer(fault.text, body, lost_bytes=40)
            elif fault.refusal:
                self._answer("", body, refusal="I cannot help with that.")
            elif fault.thoughts:
                self._answer("", body, beside={fault.field: fault.thoughts}, finish="length" if fault.cut else "stop")
            elif fault.page or fault.empty:
                self._send(fault.status, b"<html><h1>Not Found</h1></html>" if fault.page else b"", "text/html")
            elif fault.body:
                self._send(fault.status, fault.body.encode(), "application/json", fault.headers)
            else:
                error = {"error": {"message": fault.message, "type": "test", "code": fault.code, "param": None}}
                self._send(fault.status, json.dumps(error).encode(), "application/json", fault.headers)

        def _answer(
            self,
            text: str,
            body: dict[str, Any],
            finish: str = "stop",
            refusal: str | None = None,
            lost_bytes: int = 0,
            beside: dict[str, str] | None = None,
        ) -> None:
            size = max(PIECE_CHARS, len(text) // 1000)
            pieces = [text[i : i + size] for i in range(0, len(text), size)]
            if "input" in body:
                told = (text, finish, refusal, server.cached or 0)
                if body.get("stream"):
                    events = responses_wire.stream(body, pieces, *told).encode()
                    self._send(200, events, "text/event-stream", lost_bytes=lost_bytes)
                else:
                    found = json.dumps(responses_wire.whole(body, *told)).encode()
                    self._send(200, found, "application/json", lost_bytes=lost_bytes)
                return
            prompt = sum(len(json.dumps(message)) for message in body["messages"])
            usage: dict[str, Any] = {
                "prompt_tokens": prompt // 4,
                "completion_tokens": len(text) // 4,
                "total_tokens": 0,
            }
            if server.cached is not None:
                usage["prompt_tokens_details"] = {"cached_tokens": server.cached}
            head = {"id": "x", "created": 0, "model": body["model"]}
            if not body.get("stream"):
                message = {"role": "assistant", "content": text, "refusal": refusal, **(beside or {})}
                choice = {"index": 0, "message": message, "finish_reason": finish}
                whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
                self._send(200, json.dumps(whole).encode(), "application/json", lost_bytes=lost_bytes)
                return
            head["object"] = "chat.completion.chunk"
            deltas: list[dict[str, Any]] = [{"content": piece} for piece in pieces]
            if refusal:
                deltas.append({"refusal": refusal})
            deltas += [{"content": None, **beside}] if beside else []
            events = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
            events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
            if "stream_options" in body:
                events.append({**head, "choices": [], "usage": usage})
            stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
            self._send(200, stream.encode(), "text/event-stream", lost_bytes=lost_bytes)

        def _send(
            self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None, lost_bytes: int = 0
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a client may have heard enough
                self.wfile.write(body[: len(body) - lost_bytes])
            self.close_connection = self.close_connection or lost_bytes > 0

    return Handler
