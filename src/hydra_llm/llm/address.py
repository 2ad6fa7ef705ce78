"""Addresses of servers, and what in them is nobody's business: user name, password and query."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

SHORTEST = 4
NO_ADDRESS = "(no address of the form http://host/path)"
HARMLESS = ("api-version", "version")  # keys of a query that hold no secret


def public(url: str) -> str:
    """The address without user name, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return NO_ADDRESS
    host = parts.netloc.rpartition("@")[2]
    if host:
        return f"{parts.scheme}://{host}{parts.path}"
    return NO_ADDRESS if {"@", "?"} & set(url) else url  # without these two it holds no secret


def secrets(url: str) -> tuple[str, ...]:
    """The pieces of an address that no text may hold, as they are written and decoded, the longest first. Pieces below
    SHORTEST characters are left to the longer ones that hold them.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    account = parts.netloc.rpartition("@")[0]
    user, _, password = account.partition(":")
    query = [value for key, value in parse_qsl(parts.query) if key not in HARMLESS]
    written = [account, user, password, parts.query if query else "", *query]
    found = {text for part in written for text in (part, unquote(part)) if len(text) >= SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))
