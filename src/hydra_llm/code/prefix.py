"""Words before a command that run it elsewhere: those of a container, say."""

from collections.abc import Sequence
from pathlib import Path

FOLDER = "{folder}"


def prefixed(prefix: Sequence[str], folder: Path, command: Sequence[str]) -> list[str]:
    """The command behind the prefix, in which `{folder}` stands for the folder that the command works in."""
    return [*(str(word).replace(FOLDER, str(folder)) for word in prefix), *command]
