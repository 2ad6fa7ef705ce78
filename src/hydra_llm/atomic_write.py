"""Replace a file in one step: a reader sees the old content or the new, never half of either.

    write_json(path, record)
    with replacing(path) as aside:
        torch.save(tensors, aside)

The content is written beside the file and renamed. Standard library only: both towers and the job use this module.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[Path]:
    """Where to write what shall replace `path`; an exception leaves the old file and nothing else.

    Killed processes leave a hidden .part file. `durable` waits until the content is on the disk, so that the new name
    survives a power failure with its content or not at all. Raises OSError where the folder cannot be written.
    """
    # the random part keeps writers apart: threads, processes, and hosts that share the file system
    aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        yield aside
        if durable:
            with aside.open("rb") as file:
                os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):  # the error above is the one to tell
            aside.unlink()
        raise


def write_text(path: Path, content: str) -> None:
    """In UTF-8; what that cannot hold (half of a surrogate pair, as in names of files) is written as \\udcff."""
    with replacing(path) as aside:
        aside.write_text(content, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, content: Any, **layout: Any) -> None:
    """`layout` as json.dumps takes it: indent, sort_keys."""
    write_text(path, json.dumps(content, **layout))
