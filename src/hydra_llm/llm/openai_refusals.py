"""What a server's refusal is about: the account, the key, the model, the length, or the address.

Providers agree on few status codes, and gateways pass on the words of others, so the words count too. What is none of
these may be an option that the server does not know, which the client then leaves out.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from hydra_llm.llm.address import public

_TOO_LONG = ("context length", "context window", "context size", "too many tokens", "prompt is too long")
_NAME = "configured_model"  # stands for the name of the model, in which "vision" or "json" would be no option
_SUBJECT = r"(?:^|[^\w\s,]\s*)(?:the |this |your )?(?:requested |specified |selected )?"  # where a sentence begins
_ABSENT = r"does not exist|doesn't exist|not exist|not found|is unknown|decommissioned|been retired"
_ENDED = r"(?:is|was|has been) (?:no longer (?:available|supported)|deprecated)"
_MODEL = re.compile(
    r"model_(?:not_found|not_supported|not_available|decommissioned)|DeploymentNotFound|"
    r"(?:invalid|unknown|no such) model|not a valid model|"
    rf"\b(?:model(?:s/\S+)?|{_NAME})\b.{{0,120}}?(?:{_ABSENT}|is invalid|not available)|"
    rf"\bmodel(?: \S+)? {_ENDED}|"
    rf"{_SUBJECT}(?:model {_NAME}|model|{_NAME}) (?:is )?not supported(?: by any provider|[^\w\s]|$)",
    re.IGNORECASE,
)
_MODEL_BY_NAME = re.compile(
    rf"{_SUBJECT}(?:model:? )?{_NAME} (?:(?:is|was|has been) )?(?:{_ABSENT}|{_ENDED})", re.IGNORECASE
)
_KEY = re.compile(
    r"\b(?:invalid_api_key|api_key_invalid)\b|no connected db|(?:missing|invalid) authorization header|"
    r"\b(?:api|access|virtual)[ _-]?key (?:(?:is|was|has) )?(?:not valid|not found|invalid|expired|missing|required)|"
    r"\b(?:invalid|incorrect|wrong|missing|expired|unknown|no) (?:api|access|virtual)[ _-]?key\b",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"response_format|json|schema|structured|image|vision|multimodal|stream|"
    r"temperature|\bseed\b|max_\w*tokens|reasoning|prompt_cache_key",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r";|[.!?](?:\s|$)")
_VERSION = re.compile(r"/v\d")


def words(error: Any) -> str:
    """What an openai.APIStatusError says, without the page that a web server or a proxy shows to people."""
    kind = error.response.headers.get("content-type", "")
    if "html" in kind or error.message.lstrip().startswith("<"):
        return "an HTML page for an answer"
    only_the_code = error.message == f"Error code: {error.status_code}"
    return f"{error.message} - {_told(error.body)}" if only_the_code and error.body else error.message


def _told(body: Any) -> str:
    """The sentence in an error that has another form than OpenAI's: in a list (Gemini), under `detail` (FastAPI)."""
    if isinstance(body, list) and body:
        return _told(body[0])
    if not isinstance(body, dict):
        return str(body)
    inner = next((body[name] for name in ("error", "message", "detail") if body.get(name)), None)
    return _told(inner) if inner is not None else str({name: body[name] for name in body if name != "input"})


def is_spent(error: Any) -> bool:
    """Whether it says that the account is empty, which a rate limit (429 as well) is not."""
    named = "insufficient_quota" in (error.code, error.type) or "insufficient_quota" in words(error)
    return error.status_code == 402 or (error.status_code == 429 and named)


def is_about_the_key(error: Any) -> bool:
    """Whether it says that the key is wrong or missing, which some say with a status other than 401 and 403."""
    if error.status_code >= 500:
        return False
    return any(_KEY.search(clause) and not _OPTION.search(clause) for clause in _CLAUSE.split(_coded(error)))


def is_about_the_model(error: Any, model: str) -> bool:
    """Whether it names the model, and nothing that could be asked for less of. A clause that says of `model`, the name
    that was asked for, that it does not exist is believed whatever the other clauses speak of.
    """
    if error.code == "model_not_found":
        return True
    if error.status_code >= 500:
        return False
    text = _with_the_name_marked(_coded(error), model)
    if _MODEL.search(text) and not _OPTION.search(text):
        return True
    return any(_MODEL_BY_NAME.search(clause) and not _OPTION.search(clause) for clause in _CLAUSE.split(text))


def _coded(error: Any) -> str:
    return " ".join(f"{error.code or ''}; {words(error)}".split())


def _with_the_name_marked(text: str, model: str) -> str:
    """A name that is a plain word (default, json) is the model's only in quotes or after the word model."""
    name = re.escape(model)
    called = rf"(?:(?<=\bmodel[ :=])|(?<=\bmodel: )){name}\b"
    bare = called if model.isalpha() else rf"(?<![\w.-]){name}(?![\w-]|\.\w)"
    return re.sub(rf"(['\"`]){name}\1|{bare}", _NAME, text, flags=re.IGNORECASE)


def refers_to_length(error: Any) -> bool:
    text = words(error).lower()
    return error.code == "context_length_exceeded" or any(phrase in text for phrase in _TOO_LONG)


def missing_version(base_url: str | None) -> str:
    """What to try where nothing answers under this path: most servers want /v1 at its end. "" where it is there."""
    if base_url is None or _VERSION.search(urlsplit(base_url).path):
        return ""
    return (
        f". The address has no /v1, under which most servers answer: try hydra.sweeper.llm.base_url="
        f"{public(base_url).rstrip('/')}/v1"
    )
