"""A request as one text, for programs that take a prompt and nothing else."""

from collections.abc import Mapping
from pathlib import Path

from hydra_llm.llm.base import Request

_HEADINGS = {"system": "# Instructions", "user": "# Question", "assistant": "# Your earlier answer"}


def as_prompt(request: Request, image_files: Mapping[str, Path]) -> str:
    """Messages under headings, figures as files to open. The form of the answer is what the messages say of it: a
    program that reads a text has no use for a schema beside it.

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
        parts.append("Answer with one JSON object in the form described above, and nothing around it.")
    return "\n\n".join(parts) + "\n"
