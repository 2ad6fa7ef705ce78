"""The flags of Hydra's command line that say which configuration a program reads. The overrides of a trial do not hold
them, so a command that repeats one needs them beside.
"""

from __future__ import annotations

from collections.abc import Sequence

FLAGS = {"-cn": "--config-name", "-cp": "--config-path", "-cd": "--config-dir"}
SHORTEST = len("--config-n")  # argparse takes a long name cut short while it is one flag's alone


def config_flags(words: Sequence[str]) -> list[str]:
    """Those among the words of a command line, each in one word with its value; of several alike the last counts."""
    found: dict[str, str] = {}
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        flag = _flag(name)
        given = value if equals else next(left, "") if flag else ""
        if flag and given:
            found[flag] = given
    return [f"{flag}={value}" for flag, value in found.items()]


def _flag(name: str) -> str:
    if name in FLAGS:
        return FLAGS[name]
    return next((flag for flag in FLAGS.values() if len(name) >= SHORTEST and flag.startswith(name)), "")
