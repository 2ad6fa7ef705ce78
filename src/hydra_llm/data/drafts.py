"""Drafts that killed processes left behind: which are to be removed, and which can be continued.

A draft of a system with independent segments says in progress.json how many of them are safely on the disk.
"""

import contextlib
import os
import re
import socket
import time
from pathlib import Path

import torch

from hydra_llm.atomic_write import replacing
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import read_json, sync_folder, write_json
from hydra_llm.dataset_names import DRAFT

PROGRESS = "progress.json"
_NAME = re.compile(re.escape(DRAFT) + r"(?P<fingerprint>[0-9a-f]+)-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{8}")
_LONG = 7 * 24 * 3600  # seconds after which a draft is given up: one of another host, or one nobody continued


def write_progress(folder: Path, n_segments: int) -> None:
    """Say that the first n_segments are on the disk. Their files have to be flushed already."""
    with replacing(folder / PROGRESS) as aside:
        write_json(aside, {"segments": n_segments, "torch": torch.__version__})
    sync_folder(folder)


def segments_done(folder: Path) -> int:
    """How many segments of a draft can be kept; 0 if it cannot be continued here."""
    try:
        progress = read_json(folder / PROGRESS)
        # Another version may round differently: one recording comes from one.
        return int(progress["segments"]) if progress["torch"] == torch.__version__ else 0
    except (DatasetError, KeyError, TypeError, ValueError):
        return 0


def find_draft(root: Path, fingerprint: str) -> Path | None:
    """The furthest draft of a dataset whose process has ended. To be called with the lock of the dataset held."""
    drafts = [path for path in root.glob(f"{DRAFT}{fingerprint}-*") if _ended(path) and segments_done(path)]
    return max(drafts, key=segments_done, default=None)


def leftovers(root: Path) -> list[Path]:
    """Drafts that no process writes or can continue."""
    return [path for path in root.glob(f"{DRAFT}*") if _ended(path) and (not segments_done(path) or _age(path) > _LONG)]


def _ended(path: Path) -> bool:
    """Whether the process that wrote a draft is gone; one of another host is believed gone after a week."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return False
    if match["host"] != socket.gethostname():
        return _age(path) > _LONG
    try:
        os.kill(int(match["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # alive, of another user
        return False
    return False


def _age(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0
