"""The argument that every command shares: which sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    Path,
    typer.Argument(
        help="The sweep folder (hydra.sweep.dir), the one that holds events.jsonl.",
        exists=True,
        file_okay=False,
        show_default="the current folder",  # type: ignore[arg-type]
    ),
]
HERE = Path()
