"""The interface test of this application."""

from pathlib import Path

from hydra_llm.code.source import Source


def check(path: str) -> list[str]:
    value = Source(Path(path)).module().Score().value(0.5)
    return [] if isinstance(value, float) else [f"value must be a number, got {type(value).__name__}."]
