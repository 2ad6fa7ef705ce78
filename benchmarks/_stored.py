"""Results that are written as soon as they exist, one JSON object a line: a benchmark goes on where it stopped."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def stored(path: Path) -> list[dict[str, Any]]:
    """All results so far; none if the file is missing."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def store(path: Path, *results: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(result) + "\n" for result in results)
