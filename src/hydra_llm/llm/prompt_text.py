"""A request as one text, for programs that take a prompt and nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path

from hydra_llm.llm.base import Request

_HEADINGS = {"system": "# Instructions", "user": "# Question", "assistant": "# Your earlier answer"}


def as_prompt(request: Request, image_files: Mapping[str, Path]) -> str:
    """Messages under headings, figures as files to open, and the schema as the last word.

    `image_files` maps the name of each image to where it was written.
    """
    parts: list[str] = []
    for message in request.messages:
        parts.append(f"{_HEADINGS[message.role]}\n\n{message.text}")
        figures = [
            f"- {image.name}: {image_files[image.name]}" for image in message.images if image.name in image_files
        ]
        if figures:
            parts.append("Figures, as files:\n" + "\n".join(figures))
    if request.schema is not None:
        schema = json.dumps(dict(request.schema), indent=1)
        parts.append(
            f"# Form of the answer\n\nOne JSON object, nothing around it, valid under this JSON schema:\n\n{schema}"
        )
    return "\n\n".join(parts) + "\n"
