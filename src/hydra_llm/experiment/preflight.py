"""What a run will need of disk and device memory, said and checked before anything is simulated."""

import logging
import math
import shutil
from pathlib import Path

import numpy as np
import psutil
import torch

from hydra_llm.data.scratch import disk_bytes, folder_for
from hydra_llm.data.store import recording_bytes
from hydra_llm.families.errors import ExperimentError
from hydra_llm.systems.base import System

log = logging.getLogger(__name__)

NO_FILES = ("drift", "smoothed", "weak")  # targets whose frames are those of the dataset, or held by memory
WORKING_COPIES = 2.0  # minibatches, gradients and the optimiser's state beside the frames, as a factor of these


def preflight(
    system: System,
    datasets: Path,
    accelerator: str,
    memory: float | None = None,
    *,
    missing: float | None = None,
    scratch: float = 0.0,
) -> str:
    """A sentence with sizes. Raises ExperimentError where the disk has no room for the files of the fit beside the
    recording, and where a GPU that will be used is too small for the frames.

    memory: bytes that the run holds at its peak, where its family knows. A machine with less is warned of: the estimate
    is no promise. missing: bytes of the recording that have still to be written; None: all. scratch: of the files of
    the fit. The training frames stay on the device for the whole fit; the store checks the disk for the recording
    alone.
    """
    recorded = recording_bytes(system, system.arrays())
    to_write = recorded if missing is None else missing
    frames = frame_bytes(system) * (1 + WORKING_COPIES)
    needed = frames if memory is None else memory
    where = folder_for(_existing(datasets))
    free, unused = shutil.disk_usage(where).free, psutil.virtual_memory().available
    beside = f" and {size(scratch)} more while the fit runs" if scratch else ""
    text = (
        f"Needs {size(recorded)} of disk for the recording{beside} ({size(free)} free), about {size(needed)} of memory "
        f"for the run ({size(unused)} free)"
    )
    if scratch and to_write + scratch > free:
        raise ExperimentError(
            f"{system.name} needs {size(to_write + scratch)} of disk in {where}, {size(to_write)} to record and "
            f"{size(scratch)} while the fit runs, and {size(free)} are free. Free some space, set paths.datasets to a "
            "folder on another disk, or record fewer frames (simulation.n_frames)."
        )
    if needed > unused:
        log.warning(
            "%s needs about %s of memory and %s are free: the system may end the run. Record fewer frames "
            "(simulation.n_frames) or a smaller system, or free memory.",
            *(system.name, size(needed), size(unused)),
        )
    if accelerator not in ("gpu", "cuda", "auto") or not torch.cuda.is_available():
        return text + "."
    available, total = torch.cuda.mem_get_info()
    if frames > available:
        raise ExperimentError(
            f"The frames of {system.name} need about {size(frames)} on the GPU, {size(available)} of {size(total)} are "
            "free. Record fewer frames or a smaller system, free the GPU, or set trainer=default to use the CPU."
        )
    return text + f" ({size(available)} free on the GPU)."


def frame_bytes(system: System) -> float:
    """Of the training frames of a fit: states and input as recorded, and a target per unit."""
    return float(system.n_frames["train"] * sum(_frame_columns(system)) * np.dtype(system.dtype).itemsize)


def scratch_bytes(system: System, target: str | None) -> float:
    """Of the files in which a fit keeps its frames, where memory should not hold them. target: of the training keys."""
    if target in NO_FILES:
        return 0.0
    itemsize = np.dtype(system.dtype).itemsize
    return float(
        sum(disk_bytes((n, width), itemsize) for n in system.n_frames.values() for width in _frame_columns(system))
    )


def _frame_columns(system: System) -> list[int]:
    """Of every array of the frames of a fit: states and input as recorded, and a target per unit."""
    return [*(width for array, width in system.arrays().items() if array != "clean_activity"), system.n_units]


def size(n_bytes: float) -> str:
    """In powers of 1000, as disks are sold: 24 MB."""
    power = min(4, int(math.log(max(n_bytes, 1), 1000)))
    return f"{n_bytes / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
