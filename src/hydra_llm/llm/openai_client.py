"""Any endpoint that speaks OpenAI's Responses API or chat completions: OpenAI, vLLM, Ollama, llama.cpp, LM Studio and
others by `base_url`.

Servers differ in what they understand, so the client asks for the strongest thing first and steps down when the server
says no: strict JSON schema, then JSON mode, then plain text from which JSON is extracted; usage counts in a stream and
single parameters are given up likewise (openai_step_down.py). What worked is remembered for the next question, and
every answer records what it was obtained with.
"""

import copy
import logging
import os
import time
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

from hydra_llm.choice import check_choice
from hydra_llm.llm.address import public, secrets
from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import ImagesRefused, MissingKey, NotAuthorised, QuotaSpent, RequestRefused, Unavailable
from hydra_llm.llm.openai_chat import ChatCompletions
from hydra_llm.llm.openai_endpoint import Abilities, Endpoint, Learnt, Reply, StreamFailed, cache_key, retry_after_s
from hydra_llm.llm.openai_refusals import (
    is_about_the_key,
    is_about_the_model,
    is_spent,
    missing_version,
    refers_to_length,
    words,
)
from hydra_llm.llm.openai_reply import MAX_ANSWER_CHARS, json_of
from hydra_llm.llm.openai_responses import Responses
from hydra_llm.llm.openai_step_down import lost, step_down
from hydra_llm.llm.openai_transport import (
    OtherEndpoint,
    Transient,
    Unsupported,
    transport_errors,
    without_a_line_per_request,
)
from hydra_llm.llm.settings import LlmSettings

log = logging.getLogger(__name__)

APIS = ("auto", "responses", "chat")
OPENAI_HOST = "api.openai.com"
HASTE_S, HASTE_ATTEMPTS = 60.0, 2  # of the first question: a local server may have to load its model for it
_NO_KEY = "no-key-needed"  # the openai package insists on a key; local servers ignore it


class OpenAIClient(Client):
    """Questions through the openai package, which is imported at the first of them.

    `api`: `responses`, `chat`, or `auto`: the Responses API at OpenAI, chat completions elsewhere, and the other one
    where the server or the model knows only that. The key is read from the environment variable named `api_key_env` at
    each question and is stored nowhere. Without `base_url` a key is required; with it, a local server may need none.
    `timeout_s` bounds one attempt as a whole, streaming included.
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
        api: str = "auto",
        reasoning_effort: str | None = None,
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
        options = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_tokens,
            "reasoning_effort": reasoning_effort,
        }
        self._options = {name: value for name, value in options.items() if value is not None}
        self._backoff = backoff or Backoff()
        check_choice("llm.api", api, APIS)
        self._api = api
        self._at_openai = base_url is None or urlsplit(base_url).hostname == OPENAI_HOST
        with_responses = api == "responses" or (api == "auto" and self._at_openai)
        self._learnt = Learnt(Responses() if with_responses else ChatCompletions())

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
            api=settings.api,
            reasoning_effort=settings.reasoning_effort,
        )

    @property
    def model(self) -> str:
        return self._model

    def for_first_question(self) -> Client:
        """A copy that holds the same `Learnt`: what the server refuses is asked for once."""
        hasty = copy.copy(self)
        hasty._timeout_s = min(self._timeout_s, HASTE_S)
        attempts = min(self._backoff.max_attempts, HASTE_ATTEMPTS)
        hasty._backoff = replace(self._backoff, max_attempts=attempts, longest_wait_s=HASTE_S)
        return hasty

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        notes: list[str] = []
        abilities = self._learnt.abilities
        attempts = 0
        failures = 0
        while True:
            attempts += 1
            try:
                reply = self._ask(request, abilities, on_text)
            except Unsupported as unsupported:
                streams = self._stream and abilities.stream
                sent = tuple(self._given_options(request, abilities))
                try:
                    weaker = step_down(abilities, request, streams, sent, unsupported.message)
                except ImagesRefused:
                    raise ImagesRefused(f"{self._where()} takes no figures: {unsupported.message}") from None
                if weaker is None:
                    raise RequestRefused(f"{self._where()} refuses the question: {unsupported.message}") from None
                without = lost(abilities, weaker)
                log.info("%s says no (%s); asking again without %s.", self._where(), unsupported.message, without)
                abilities = weaker
            except OtherEndpoint as other:
                self._learnt.endpoint = other.endpoint
                log.info(
                    "%s answers under another interface; asking again with %s.", self._where(), other.endpoint.name
                )
            except Transient as transient:
                if not self._backoff.wait(failures, transient.retry_after_s):
                    raise Unavailable(
                        f"{self._where()} gave no answer after {failures + 1} attempts: {transient.message}",
                        transient.retry_after_s,
                    ) from None
                failures += 1
            else:
                break
        self._learnt.abilities = abilities
        refused = ", ".join(self._learnt.endpoint.not_taken(self._options, abilities.without))
        if refused:
            notes.append(f"The server does not take {refused}; the question went without.")
        return self._answer(reply, request, abilities, attempts, notes)

    # ---- one attempt ----

    def _ask(self, request: Request, abilities: Abilities, on_text: OnText | None) -> Reply:
        import openai

        key = self._key()
        client = openai.OpenAI(api_key=key, base_url=self._base_url, timeout=self._timeout_s, max_retries=0)
        arguments: dict[str, Any] = {
            "model": self._model,
            **self._learnt.endpoint.question(request, abilities),
            **self._given_options(request, abilities),
        }
        streams = self._stream and abilities.stream
        if streams:
            arguments["stream"] = True
            if abilities.stream_usage and self._learnt.endpoint.asks_for_usage:
                arguments["stream_options"] = {"include_usage": True}
        try:
            with client, without_a_line_per_request():
                response = self._learnt.endpoint.create(client, arguments)
                if streams:
                    return self._collect(response, on_text)
                reply = self._learnt.endpoint.read_whole(response)
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
                raise Transient(text, retry_after_s(error)) from None
            other = self._other_endpoint(error.status_code, text)
            if other is not None:
                raise OtherEndpoint(other) from None
            if error.status_code >= 500 or error.status_code in (408, 409):
                if error.status_code == 501:
                    raise Unsupported(text) from None
                raise Transient(text, retry_after_s(error)) from None
            if is_about_the_key(error):
                raise NotAuthorised(self._refused_key(key, error.status_code)) from None
            if is_about_the_model(error, self._model):
                raise RequestRefused(
                    f"{self._where()} does not know the model {self._model}: {text}. Set hydra.sweeper.llm.model."
                ) from None
            if error.status_code in (404, 405):
                hint = missing_version(self._base_url)
                raise RequestRefused(f"{self._where()} refuses the question: {text}{hint}") from None
            if refers_to_length(error):
                raise RequestRefused(f"{self._where()} refuses the question: {text}") from None
            raise Unsupported(text) from None
        except StreamFailed as failed:
            raise Transient(self._clean(str(failed))) from None
        except openai.APITimeoutError:
            raise Transient(f"no answer within {self._timeout_s:g} s") from None
        except openai.OpenAIError as error:
            cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
            raise Transient(self._clean(f"{type(error).__name__}: {error}{cause}")) from None
        except transport_errors() as error:
            raise Transient(self._clean(f"the connection broke ({type(error).__name__}: {error})")) from None
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            hint = missing_version(self._base_url)
            raise Transient(f"the server's reply is no chat completion ({type(error).__name__}){hint}") from None

    def _given_options(self, request: Request, abilities: Abilities) -> dict[str, Any]:
        """The settings that the server takes, under the names that it knows."""
        given = dict(self._options)
        if "seed" in given:
            given["seed"] += request.sample  # the same question asked again is to be answered anew
        if self._at_openai or isinstance(self._learnt.endpoint, Responses):
            given["cache_key"] = cache_key(request)
        return self._learnt.endpoint.options(given, abilities.without)

    def _other_endpoint(self, status: int, text: str) -> Endpoint | None:
        """The interface to go on with after an error that says that this one is not known; None where it is chosen."""
        said = text.lower()
        if self._api != "auto":
            return None
        if isinstance(self._learnt.endpoint, Responses):
            unknown = status in (404, 405, 501) and "model" not in said
            return ChatCompletions() if unknown else None
        return Responses() if status in (400, 404) and "v1/responses" in said else None

    def _collect(self, stream: Any, on_text: OnText | None) -> Reply:
        reply = Reply()
        pieces: list[str] = []
        n_chars = 0
        deadline = time.monotonic() + self._timeout_s
        for chunk in stream:
            pieces.append(self._learnt.endpoint.read_event(chunk, reply, on_text))
            n_chars += len(pieces[-1])
            if n_chars > MAX_ANSWER_CHARS:
                reply.too_long = True
                break
            if time.monotonic() > deadline:
                raise Transient(f"the answer was still streaming after {self._timeout_s:g} s")
        stream.close()
        reply.text = "".join(pieces)
        if not (reply.text or reply.finish or reply.refusal or reply.reasoning):
            raise Transient(f"the stream ended before it began{missing_version(self._base_url)}")
        return reply

    def _answer(self, reply: Reply, request: Request, abilities: Abilities, attempts: int, notes: list[str]) -> Answer:
        parsed, source, problem = json_of(reply, abilities.json, wanted=request.schema is not None)
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
