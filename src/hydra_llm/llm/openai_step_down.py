"""What to ask for less of after a server's complaint, read from its words."""

import re
from dataclasses import replace

from hydra_llm.llm.base import JsonSource, Request
from hydra_llm.llm.errors import ImagesRefused
from hydra_llm.llm.openai_endpoint import Abilities

_WEAKER = {JsonSource.SCHEMA: JsonSource.JSON_MODE, JsonSource.JSON_MODE: JsonSource.TEXT}


def step_down(
    abilities: Abilities, request: Request, stream: bool, parameters: tuple[str, ...], complaint: str
) -> Abilities | None:
    """The next weaker set of abilities after a complaint, or None when nothing is left to give up. `parameters` are
    those that were sent and can be left out. Raises ImagesRefused where it is about the figures: a question without
    them is another one, which the asker words.
    """
    complaint = complaint.lower()
    words = {word.rstrip(".") for word in re.findall(r"[\w.]+", complaint)}
    for name in parameters:
        if any(word == name or word.startswith(f"{name}.") for word in words):
            return replace(abilities, without=abilities.without | {name})
    has_images = any(message.images for message in request.messages)
    if stream and abilities.stream_usage and "stream_options" in complaint:
        return replace(abilities, stream_usage=False)
    if has_images and ("image" in complaint or "vision" in complaint or "multimodal" in complaint):
        raise ImagesRefused(complaint)
    if stream and "stream" in complaint:
        return replace(abilities, stream=False)
    if request.schema is not None and abilities.json in _WEAKER:
        return replace(abilities, json=_WEAKER[abilities.json])
    if has_images:
        raise ImagesRefused(complaint)
    if stream and abilities.stream_usage:
        return replace(abilities, stream_usage=False)
    return None


def lost(before: Abilities, after: Abilities) -> str:
    """In words, what `after` does without."""
    if before.stream is not after.stream:
        return "streaming"
    if before.json is not after.json:
        return {"schema": "JSON schemas", "json_mode": "JSON mode"}[before.json]
    if before.without != after.without:
        return ", ".join(after.without - before.without)
    return "usage counts in a stream"
