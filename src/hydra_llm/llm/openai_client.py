"""Any endpoint that speaks OpenAI's chat completions: OpenAI, vLLM, Ollama, llama.cpp, LM Studio and others by
`base_url`.

Servers differ in what they understand, so the client asks for the strongest thing first and steps down when the server
says no: strict JSON schema, then JSON mode, then plain text from which JSON is extracted; figures and usage counts in a
stream are given up likewise. What worked is remembered for the next question, and every answer records what it was
obtained with.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from hydra_llm.llm.address import public, secrets
from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.base import Answer, Client, JsonSource, OnText, Request
from hydra_llm.llm.errors import MissingKey, NotAuthorised, QuotaSpent, RequestRefused, Unavailable
from hydra_llm.llm.json_extraction import extract_json
from hydra_llm.llm.openai_refusals import is_about_the_model, is_spent, missing_version, refers_to_length, words
from hydra_llm.llm.openai_wire import Reply, message_parameter, read_chunk, read_whole, response_format, retry_after_s
from hydra_llm.llm.settings import LlmSettings

log = logging.getLogger(__name__)

MAX_ANSWER_CHARS = 400_000  # a longer answer is no answer to any question of this package
LIMIT, OLD_LIMIT = "max_completion_tokens", "max_tokens"  # older servers know the limit under its old name
_WEAKER = {JsonSource.SCHEMA: JsonSource.JSON_MODE, JsonSource.JSON_MODE: JsonSource.TEXT}
_NO_KEY = "no-key-needed"  # the openai package insists on a key; local servers ignore it


@dataclass(frozen=True)
class _Abilities:
    """What the server is believed to understand."""

    json: JsonSource = JsonSource.SCHEMA
    images: bool = True
    stream: bool = True
    stream_usage: bool = True
    without: frozenset[str] = frozenset()  # options that it refuses: temperature, seed, max_completion_tokens


class OpenAIClient(Client):
    """Chat completions through the openai package, which is imported at the first question.

    The key is read from the environment variable named `api_key_env` at each question and is stored nowhere. Without
    `base_url` a key is required; with it, a local server may need none. `timeout_s` bounds one attempt as a whole,
    streaming included.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 120.0,
        stream: bool = True,
        temperature: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        if not model:
            raise ValueError("The openai client needs the name of a model. Set hydra.sweeper.llm.model.")
        if timeout_s <= 0:
            raise ValueError(f"timeout_s must be above 0, got {timeout_s}.")
        self._model = model
        self._base_url = base_url
        self._api_key_env = api_key_env
        self._timeout_s = timeout_s
        self._stream = stream
        self._options = {
            name: value
            for name, value in (("temperature", temperature), ("seed", seed), (LIMIT, max_tokens))
            if value is not None
        }
        self._backoff = backoff or Backoff()
        self._abilities = _Abilities()

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        return cls(
            model=settings.model,
            base_url=settings.base_url,
            api_key_env=settings.api_key_env,
            timeout_s=settings.timeout_s,
            stream=settings.stream,
            temperature=settings.temperature,
            seed=settings.seed,
            max_tokens=settings.max_tokens,
            backoff=Backoff(max_attempts=settings.max_attempts),
        )

    @property
    def model(self) -> str:
        return self._model

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        notes: list[str] = []
        abilities = self._abilities
        attempts = 0
        failures = 0
        while True:
            attempts += 1
            try:
                reply = self._ask(request, abilities, on_text)
            except _Unsupported as unsupported:
                streams = self._stream and abilities.stream
                weaker = _step_down(abilities, request, streams, tuple(self._options), unsupported.message)
                if weaker is None:
                    raise RequestRefused(f"{self._where()} refuses the question: {unsupported.message}") from None
                lost = _lost(abilities, weaker)
                log.info("%s says no (%s); asking again without %s.", self._where(), unsupported.message, lost)
                abilities = weaker
            except _Transient as transient:
                if not self._backoff.wait(failures, transient.retry_after_s):
                    raise Unavailable(
                        f"{self._where()} gave no answer after {failures + 1} attempts: {transient.message}",
                        transient.retry_after_s,
                    ) from None
                failures += 1
            else:
                break
        self._abilities = abilities
        if not abilities.images and any(message.images for message in request.messages):
            notes.append("The server does not read images; the figures were left out.")
        refused = ", ".join(sorted(abilities.without - {LIMIT}))
        if refused:
            notes.append(f"The server does not take {refused}; the question went without.")
        return self._answer(reply, request, abilities, attempts, notes)

    # ---- one attempt ----

    def _ask(self, request: Request, abilities: _Abilities, on_text: OnText | None) -> Reply:
        import openai

        key = self._key()
        client = openai.OpenAI(api_key=key, base_url=self._base_url, timeout=self._timeout_s, max_retries=0)
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": [message_parameter(message, abilities.images) for message in request.messages],
            **self._given_options(abilities),
        }
        if "seed" in arguments:
            arguments["seed"] += request.sample  # the same question asked again is to be answered anew
        if request.schema is not None and abilities.json is not JsonSource.TEXT:
            arguments["response_format"] = response_format(request, abilities.json)
        streams = self._stream and abilities.stream
        if streams:
            arguments["stream"] = True
            if abilities.stream_usage:
                arguments["stream_options"] = {"include_usage": True}
        try:
            with client, _without_a_line_per_request():
                response = client.chat.completions.create(**arguments)
                if streams:
                    return self._collect(response, on_text)
                reply = read_whole(response)
                if on_text is not None:
                    on_text(reply.text)
                return reply
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise NotAuthorised(self._refused_key(key, error.status_code)) from None
        except openai.APIStatusError as error:
            text = self._clean(f"HTTP {error.status_code}: {words(error)}").rstrip(".")
            if is_spent(error):
                raise QuotaSpent(
                    f"{self._where()} says that the account has nothing left: {text}. Pay in, or name another key "
                    "with hydra.sweeper.llm.api_key_env, and run the same command again."
                ) from None
            if error.status_code == 429:
                raise _Transient(text, retry_after_s(error)) from None
            if error.status_code >= 500 or error.status_code in (408, 409):
                if error.status_code == 501:
                    raise _Unsupported(text) from None
                raise _Transient(text, retry_after_s(error)) from None
            if is_about_the_model(error):
                raise RequestRefused(
                    f"{self._where()} does not know the model {self._model}: {text}. Set hydra.sweeper.llm.model."
                ) from None
            if error.status_code in (404, 405):
                hint = missing_version(self._base_url)
                raise RequestRefused(f"{self._where()} refuses the question: {text}{hint}") from None
            if refers_to_length(error):
                raise RequestRefused(f"{self._where()} refuses the question: {text}") from None
            raise _Unsupported(text) from None
        except openai.APITimeoutError:
            raise _Transient(f"no answer within {self._timeout_s:g} s") from None
        except openai.OpenAIError as error:
            cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
            raise _Transient(self._clean(f"{type(error).__name__}: {error}{cause}")) from None
        except _transport_errors() as error:
            raise _Transient(self._clean(f"the connection broke ({type(error).__name__}: {error})")) from None
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            hint = missing_version(self._base_url)
            raise _Transient(f"the server's reply is no chat completion ({type(error).__name__}){hint}") from None

    def _given_options(self, abilities: _Abilities) -> dict[str, Any]:
        """The sampling options that the server takes; the limit of an answer under the name that it knows."""
        given = {name: value for name, value in self._options.items() if name not in abilities.without}
        if LIMIT in abilities.without and OLD_LIMIT not in abilities.without and LIMIT in self._options:
            given[OLD_LIMIT] = self._options[LIMIT]
        return given

    def _collect(self, stream: Any, on_text: OnText | None) -> Reply:
        reply = Reply()
        pieces: list[str] = []
        n_chars = 0
        deadline = time.monotonic() + self._timeout_s
        for chunk in stream:
            pieces.append(read_chunk(chunk, reply, on_text))
            n_chars += len(pieces[-1])
            if n_chars > MAX_ANSWER_CHARS:
                reply.too_long = True
                break
            if time.monotonic() > deadline:
                raise _Transient(f"the answer was still streaming after {self._timeout_s:g} s")
        stream.close()
        reply.text = "".join(pieces)
        if not (reply.text or reply.finish or reply.refusal or reply.reasoning):
            raise _Transient(f"the stream ended before it began{missing_version(self._base_url)}")
        return reply

    def _answer(self, reply: Reply, request: Request, abilities: _Abilities, attempts: int, notes: list[str]) -> Answer:
        parsed, source, problem = None, JsonSource.NONE, None
        if reply.refusal or reply.finish == "content_filter":
            problem = f"The model refused to answer: {reply.refusal or 'content filter'}"
        elif reply.too_long or len(reply.text) > MAX_ANSWER_CHARS:
            problem = f"The answer is longer than {MAX_ANSWER_CHARS} characters. Answer with one short JSON object."
        elif reply.reasoning and not reply.text.strip():
            problem = _thought_only(reply)
        elif request.schema is not None:
            parsed, source, problem = extract_json(reply.text, asked=abilities.json)
            if problem is not None and reply.finish == "length":
                problem = "The answer was cut off at the length limit. Answer with a shorter JSON object."
        text = reply.text[:MAX_ANSWER_CHARS] or reply.refusal
        return Answer(
            text=text,
            parsed=parsed,
            model=reply.model or self._model,
            usage=reply.usage,
            json_source=source,
            json_error=problem,
            attempts=attempts,
            notes=tuple(notes),
        )

    # ---- key and names ----

    def _refused_key(self, key: str, status: int) -> str:
        variable = self._api_key_env
        if key == _NO_KEY:
            return (
                f"{self._where()} wants a key (HTTP {status}), and the variable {variable} is not set. Export a key in "
                "it, or name another variable with hydra.sweeper.llm.api_key_env."
            )
        return (
            f"{self._where()} does not accept the key in {variable} (HTTP {status}). "
            "Check the variable, or name another one with hydra.sweeper.llm.api_key_env."
        )

    def _key(self) -> str:
        key = os.environ.get(self._api_key_env, "").strip()
        if key:
            if not (key.isascii() and key.isprintable()):
                raise NotAuthorised(
                    f"The environment variable {self._api_key_env} holds characters that no key has. Export it again."
                )
            return key
        if self._base_url:
            return _NO_KEY
        raise MissingKey(
            f"The environment variable {self._api_key_env} is not set. "
            "Export a key in it, or point hydra.sweeper.llm.base_url at a server that needs none."
        )

    def _clean(self, text: str) -> str:
        """Error texts may quote the key, or the address with a password; none leaves this class with one."""
        key = os.environ.get(self._api_key_env, "").strip()
        text = " ".join(text.split())
        for secret in (key, *(secrets(self._base_url) if self._base_url else ())):
            text = text.replace(secret, "<key>") if secret else text
        return text[:500]

    def _where(self) -> str:
        return f"The server at {public(self._base_url)}" if self._base_url else "OpenAI"


_TRANSPORTS = ("httpx", "httpx2")  # what openai speaks HTTP with: httpx, and httpx2 since openai 3


def _transport_errors() -> tuple[type[Exception], ...]:
    """A connection that breaks while a stream is read raises the transport's own error, which openai does not wrap."""
    return tuple(sys.modules[name].HTTPError for name in _TRANSPORTS if name in sys.modules)


@contextmanager
def _without_a_line_per_request() -> Iterator[None]:
    """The transport logs every request as INFO; beside a model's words and a sweep's progress that is noise."""
    silent = [logger for logger in map(logging.getLogger, _TRANSPORTS) if logger.level == logging.NOTSET]
    for logger in silent:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger in silent:
            logger.setLevel(logging.NOTSET)


class _Unsupported(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _Transient(Exception):
    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


def _step_down(
    abilities: _Abilities, request: Request, stream: bool, options: tuple[str, ...], complaint: str
) -> _Abilities | None:
    """The next weaker set of abilities after a complaint, or None when nothing is left to give up."""
    complaint = complaint.lower()
    for name in (*options, OLD_LIMIT):
        if name not in abilities.without and (name in complaint.split() or f"'{name}'" in complaint):
            return replace(abilities, without=abilities.without | {name})
    has_images = abilities.images and any(message.images for message in request.messages)
    if stream and abilities.stream_usage and "stream_options" in complaint:
        return replace(abilities, stream_usage=False)
    if has_images and ("image" in complaint or "vision" in complaint or "multimodal" in complaint):
        return replace(abilities, images=False)
    if stream and "stream" in complaint:
        return replace(abilities, stream=False)
    if request.schema is not None and abilities.json in _WEAKER:
        return replace(abilities, json=_WEAKER[abilities.json])
    if has_images:
        return replace(abilities, images=False)
    if stream and abilities.stream_usage:
        return replace(abilities, stream_usage=False)
    return None


def _thought_only(reply: Reply) -> str:
    cut = " and ended at the length limit" if reply.finish == "length" else ""
    return (
        f"The answer is empty: the model put all {reply.reasoning} characters into its reasoning{cut}. Raise "
        "hydra.sweeper.llm.max_tokens, or switch the model's reasoning off at the server."
    )


def _lost(before: _Abilities, after: _Abilities) -> str:
    if before.stream is not after.stream:
        return "streaming"
    if before.json is not after.json:
        return {"schema": "JSON schemas", "json_mode": "JSON mode"}[before.json]
    if before.without != after.without:
        return ", ".join(after.without - before.without)
    return "images" if before.images is not after.images else "usage counts in a stream"
