"""What a run will need of disk and device memory, said and checked before anything is simulated."""

import logging
import math
import shutil
from pathlib import Path

import numpy as np
import psutil
import torch

from hydra_llm.families.errors import ExperimentError
from hydra_llm.systems.base import System

log = logging.getLogger(__name__)

WORKING_COPIES = 2.0  # minibatches, gradients and the optimiser's state beside the frames, as a factor of these


def preflight(system: System, datasets: Path, accelerator: str, memory: float | None = None) -> str:
    """A sentence with sizes. Raises ExperimentError where a GPU that will be used is too small for the frames.

    memory: bytes that the run holds at its peak, where its family knows. A machine with less is warned of: the estimate
    is no promise. The training frames stay on the device for the whole fit; the disk is checked again by the store,
    which knows what is there already.
    """
    disk = recording_bytes(system, sum(system.n_frames.values()))
    frames = frame_bytes(system) * (1 + WORKING_COPIES)
    needed = frames if memory is None else memory
    free, unused = shutil.disk_usage(_existing(datasets)).free, psutil.virtual_memory().available
    text = (
        f"Needs {size(disk)} of disk for the recording ({size(free)} free), about {size(needed)} of memory for the run "
        f"({size(unused)} free)"
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


def recording_bytes(system: System, n_frames: int) -> float:
    return float(n_frames * sum(system.arrays().values()) * np.dtype(system.dtype).itemsize)


def frame_bytes(system: System) -> float:
    """Of the training frames of a fit: states and input as recorded, and a target per unit."""
    columns = sum(width for array, width in system.arrays().items() if array != "clean_activity") + system.n_units
    return float(system.n_frames["train"] * columns * np.dtype(system.dtype).itemsize)


def size(n_bytes: float) -> str:
    """In powers of 1000, as disks are sold: 24 MB."""
    power = min(4, int(math.log(max(n_bytes, 1), 1000)))
    return f"{n_bytes / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
