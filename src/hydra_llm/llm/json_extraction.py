"""JSON out of whatever a model wrote.

Servers differ: some guarantee bare JSON, others wrap it into a code fence or talk around it. The search is strict about
what it returns: one JSON object, complete, or a sentence that says what was found instead. No repair of broken JSON is
attempted; a guess at what a model meant is not its answer.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from hydra_llm.llm.base import Answer, JsonSource, Request, Usage

MAX_CANDIDATES = 200  # opening braces tried in prose; a longer text full of braces is not an answer
_FENCE = "```"
_OBJECT_START = re.compile(r'\{\s*"')


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_reject_constant)


def extract_json(text: str, asked: JsonSource) -> tuple[Any | None, JsonSource, str | None]:
    """Find the one JSON object of an answer.

    `asked` is what the server had been asked for; it is returned as the source when the text is bare JSON. Returns
    (object, source, None), or (None, NONE, sentence).
    """
    stripped = text.strip().removeprefix("\ufeff")
    if not stripped:
        return None, JsonSource.NONE, "The answer is empty. Answer with one JSON object."
    try:
        whole = _DECODER.decode(stripped)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    else:
        if isinstance(whole, dict):
            return whole, asked, None
        return None, JsonSource.NONE, f"The answer is a JSON {type(whole).__name__}, not an object. Start it with '{{'."
    found = _objects(stripped)
    if found:
        return max(found, key=lambda pair: pair[1])[0], JsonSource.EXTRACTED, None
    if _OBJECT_START.search(stripped):
        return None, JsonSource.NONE, f"The JSON is broken or cut off ({reason}). Send the whole object again."
    return (
        None,
        JsonSource.NONE,
        "The answer is prose without a JSON object. Answer with one JSON object and nothing else.",
    )


def answer_from_text(
    text: str, request: Request, model: str, asked: JsonSource = JsonSource.TEXT, usage: Usage | None = None
) -> Answer:
    """The answer that a text is, with its JSON where the request has a schema; `asked` as in extract_json."""
    parsed, source, problem = None, JsonSource.NONE, None
    if request.schema is not None:
        parsed, source, problem = extract_json(text, asked)
    return Answer(text, parsed, model, usage or Usage(), source, problem)


def _objects(text: str) -> list[tuple[dict[str, Any], int]]:
    """Top-level objects in prose, each with its length; inside code fences if any fence holds one."""
    for block in _fenced(text):
        fenced = _scan(block)
        if fenced:
            return fenced
    return _scan(text)


def _fenced(text: str) -> Iterator[str]:
    """What stands in code fences marked as JSON or not at all, in time linear in the text: a model in a loop may send
    hundreds of thousands of line breaks.
    """
    position = 0
    while (start := text.find(_FENCE, position)) >= 0:
        line_end = text.find("\n", start)
        end = text.find(_FENCE, line_end) if line_end >= 0 else -1
        if end < 0:
            return
        if text[start + len(_FENCE) : line_end].strip().lower() in ("", "json"):
            yield text[line_end + 1 : end]
        position = end + len(_FENCE)


def _scan(text: str) -> list[tuple[dict[str, Any], int]]:
    found: list[tuple[dict[str, Any], int]] = []
    position = 0
    for _ in range(MAX_CANDIDATES):
        position = text.find("{", position)
        if position < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            if _OBJECT_START.match(text, position):
                return []  # an object that is cut off: what it holds inside is not the answer
            position += 1
            continue
        if isinstance(value, dict) and value:
            found.append((value, end - position))
        position = end
    return found
