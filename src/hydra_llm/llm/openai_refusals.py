"""What a server's refusal is about: the account, the model, the length, or the address.

Providers agree on few status codes, and gateways pass on the words of others, so the words count too. What is none of
these may be an option that the server does not know, which the client then leaves out.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from hydra_llm.llm.address import public

_TOO_LONG = ("context length", "context window", "context size", "too many tokens", "prompt is too long")
_MODEL = re.compile(
    r"model_not_found|(invalid|unknown|no such) model|not a valid model|"
    r"\bmodel\b.{0,120}?(does not exist|doesn't exist|not found|not exist|is unknown|is invalid|not available)",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(r"response_format|json|schema|image|vision|multimodal|stream", re.IGNORECASE)
_VERSION = re.compile(r"/v\d")


def words(error: Any) -> str:
    """What an openai.APIStatusError says, without the page that a web server or a proxy shows to people."""
    kind = error.response.headers.get("content-type", "")
    page = "html" in kind or error.message.lstrip().startswith("<")
    return "an HTML page for an answer" if page else error.message


def is_spent(error: Any) -> bool:
    """Whether it says that the account is empty, which a rate limit (429 as well) is not."""
    named = "insufficient_quota" in (error.code, error.type) or "insufficient_quota" in error.message
    return error.status_code == 402 or (error.status_code == 429 and named)


def is_about_the_model(error: Any) -> bool:
    """Whether it names the model, and nothing that could be asked for less of."""
    return error.code == "model_not_found" or bool(
        error.status_code < 500 and _MODEL.search(error.message) and not _OPTION.search(error.message)
    )


def refers_to_length(error: Any) -> bool:
    text = error.message.lower()
    return error.code == "context_length_exceeded" or any(words in text for words in _TOO_LONG)


def missing_version(base_url: str | None) -> str:
    """What to try where nothing answers under this path: most servers want /v1 at its end. "" where it is there."""
    if base_url is None or _VERSION.search(urlsplit(base_url).path):
        return ""
    return (
        f". The address has no /v1, under which most servers answer: try hydra.sweeper.llm.base_url="
        f"{public(base_url).rstrip('/')}/v1"
    )
