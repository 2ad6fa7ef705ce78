"""A run that its scheduler takes off a node and starts again in the same folder goes on from its last checkpoint."""

import os
from pathlib import Path

LAST = "last"  # of checkpoints/, written after every interval under a scheduler
JOB_VARIABLE, RESTARTS_VARIABLE = "SLURM_JOB_ID", "SLURM_RESTART_COUNT"


def is_under_scheduler() -> bool:
    return JOB_VARIABLE in os.environ


def left_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of the same job before it was requeued, None for a first start."""
    if os.environ.get(RESTARTS_VARIABLE, "0") == "0":
        return None
    path = folder / "checkpoints" / f"{LAST}.ckpt"
    return path if path.exists() else None
