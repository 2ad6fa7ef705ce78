"""Figures of the latest finished trials, as images for a model that can see; bounded in number and size."""

from __future__ import annotations

import logging
from pathlib import Path

from hydra_llm.llm.base import Image
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_text import label

log = logging.getLogger(__name__)

MAX_FIGURES = 6  # of one question
MAX_BYTES = 2_000_000  # of one figure; larger ones are left out, with a line in the log
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def figures(context: Context, most: int = MAX_FIGURES) -> tuple[tuple[Image, ...], int]:
    """PNG files in the folders of the block's finished trials, newest trial first, then by name; and how many files of
    the trials that were looked at are left out, for their number or their size.

    Only files inside a trial's own folder are read, two levels deep at most; links are not followed.
    """
    most = min(most, MAX_FIGURES)
    found: list[Image] = []
    left_out = 0
    for trial in reversed(context.block_trials):
        folder = Path(trial.folder) if trial.folder else None
        if not trial.state.is_finished or folder is None or not folder.is_dir():
            continue
        paths = [path for path in sorted([*folder.glob("*.png"), *folder.glob("*/*.png")]) if _is_own(path)]
        for path in paths:
            image = _read(path, label(f"trial {trial.number}: {path.stem}")) if len(found) < most else None
            if image is not None:
                found.append(image)
            else:
                left_out += 1
        if paths and len(found) >= most:
            break
    return tuple(found), left_out


def _is_own(path: Path) -> bool:
    return not path.is_symlink() and not path.parent.is_symlink()


def _read(path: Path, name: str) -> Image | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            log.info("The figure %s is left out of the prompt: it is larger than %d bytes.", path, MAX_BYTES)
            return None
        data = path.read_bytes()
    except OSError as error:
        log.info("The figure %s cannot be read (%s).", path, error.strerror)
        return None
    return Image(name, "image/png", data) if data.startswith(_SIGNATURE) else None
