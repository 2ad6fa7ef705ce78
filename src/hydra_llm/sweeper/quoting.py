"""Python values as the right-hand side of a Hydra override, so that Hydra reads back exactly the value.

A value that a model proposed is data: it is quoted here, and an interpolation is refused, because even a quoted one
would still be resolved after composition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

PLAIN_KEY = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
PLAIN_CHOICE = re.compile(r"^[A-Za-z0-9_/.-]+$")  # a config-group option: a path, never a value to be quoted


def encode(value: Any) -> str:
    """The text of a value. Raises ValueError for what an override cannot carry."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        if "${" in value:
            raise ValueError(
                f"{value!r} holds an interpolation, which a proposed value may not. Write the value itself."
            )
        return QuotedString(text=value, quote=Quote.single).with_quotes()
    if isinstance(value, Mapping):
        bad = [key for key in value if not isinstance(key, str) or not PLAIN_KEY.match(key)]
        if bad:
            raise ValueError(f"The key {bad[0]!r} of {value!r} cannot be written in an override. Use a plain name.")
        return "{" + ",".join(f"{key}:{encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(encode(item) for item in value) + "]"
    raise ValueError(
        f"{value!r} ({type(value).__name__}) has no form as an override. Use numbers, text, lists or dicts."
    )


def encode_option(value: Any) -> str:
    """The text of a config-group option, which Hydra wants unquoted; null deselects the group."""
    if value is None:
        return "null"
    text = str(value)
    if not PLAIN_CHOICE.match(text):
        raise ValueError(f"{value!r} is no name of a config-group option. Choose one of the declared options.")
    return text
