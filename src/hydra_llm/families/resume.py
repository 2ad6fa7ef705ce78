"""A run that is cut off and started again by the same command in the same folder goes on from its last written state.

It goes on where dataset, model, training and version are those of the state, and starts anew otherwise.
"""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

from hydra_llm.atomic_write import write_text
from hydra_llm.version import installed_version

log = logging.getLogger(__name__)

LAST = "last"  # of checkpoints/
JOB_VARIABLE = "SLURM_JOB_ID"


def is_under_scheduler() -> bool:
    return JOB_VARIABLE in os.environ


def identity_of(**parts: Any) -> str:
    """Of what a fit depends on (plain values), and of the version."""
    told = json.dumps({**parts, "version": installed_version()}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:20]


def state_path(folder: Path) -> Path:
    return folder / "checkpoints" / f"{LAST}.ckpt"


def left_state(folder: Path, identity: str) -> Path | None:
    """The state of a fit of that identity which was cut off in this folder; None for a fresh start. Afterwards the
    folder is that of this identity.
    """
    path = state_path(folder)
    note = path.with_suffix(".txt")
    known = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    if path.exists() and known != identity:
        log.info("%s is of another configuration or version: the fit starts anew.", path)
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(note, identity + "\n")
    return path if path.exists() else None


def forget(folder: Path) -> None:
    """The fit has ended."""
    path = state_path(folder)
    path.unlink(missing_ok=True)
    path.with_suffix(".txt").unlink(missing_ok=True)
