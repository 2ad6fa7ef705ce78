"""A run that is cut off and started again by the same command in the same folder goes on from its last written state.

It goes on where dataset, model, training and version are those of the state, and starts anew otherwise. A fit that has
ended is kept until its run has written its results: what is left to do then trains nothing.
"""

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from hydra_llm.atomic_write import write_text
from hydra_llm.version import installed_version

log = logging.getLogger(__name__)

LAST, ENDED = "last", "ended"  # of checkpoints/
RETRY, KEPT_BACK, PHASE_1 = "retry_", "kept_back", "phase1"  # folders in that of a run in which it fits too
JOB_VARIABLE = "SLURM_JOB_ID"


def is_under_scheduler() -> bool:
    return JOB_VARIABLE in os.environ


def identity_of(**parts: Any) -> str:
    """Of what a fit depends on (plain values), and of the version."""
    told = json.dumps({**parts, "version": installed_version()}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:20]


def state_path(folder: Path) -> Path:
    return folder / "checkpoints" / f"{LAST}.ckpt"


def ended_path(folder: Path) -> Path:
    return folder / "checkpoints" / f"{ENDED}.ckpt"


def claim(folder: Path, identity: str) -> None:
    """The folder is that of this identity from here on: what a fit of another one has left there goes."""
    note = _note(folder)
    known = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    for path in (state_path(folder), ended_path(folder)):
        if path.exists() and known != identity:
            log.info("%s is of another configuration or version: the fit starts anew.", path)
            path.unlink()
    note.parent.mkdir(parents=True, exist_ok=True)
    write_text(note, identity + "\n")


def forget_state(folder: Path) -> None:
    """The fit has ended."""
    state_path(folder).unlink(missing_ok=True)


def forget_fit(folder: Path) -> None:
    """The run has ended, and with it the need for its fits: that of the folder, and those of attempts below it."""
    for own in _fitted_in(folder):
        for path in (ended_path(own), state_path(own), _note(own)):
            path.unlink(missing_ok=True)
        _remove_where_empty(ended_path(own).parent, folder)


def leave(folder: Path) -> None:
    """An attempt is over: its folder goes, unless a fit has ended there that a later start would have to do again."""
    if not any(ended_path(own).exists() for own in _fitted_in(folder)):
        shutil.rmtree(folder, ignore_errors=True)


def _fitted_in(folder: Path) -> list[Path]:
    """Folders of the fits of one run, whose folder may hold other runs too."""
    below = [own for name in (f"{RETRY}*", KEPT_BACK, PHASE_1) for own in sorted(folder.glob(name))]
    return [*(found for own in below for found in _fitted_in(own)), folder]


def _note(folder: Path) -> Path:
    """Whose the states of a folder are."""
    return state_path(folder).with_suffix(".txt")


def _remove_where_empty(folder: Path, root: Path) -> None:
    """And the folders above it, up to the root, which stays."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
