"""What a run will need of disk and device memory, said and checked before anything is simulated."""

import math
import shutil
from pathlib import Path

import numpy as np
import torch

from hydra_llm.families.errors import ExperimentError
from hydra_llm.systems.base import System

WORKING_COPIES = 2.0  # minibatches, gradients and the optimiser's state beside the frames, as a factor of these


def preflight(system: System, datasets: Path, accelerator: str) -> str:
    """A sentence with sizes. Raises ExperimentError where a GPU that will be used is too small for the frames.

    The training frames stay on the device for the whole fit; the disk is checked again by the store, which knows what
    is there already.
    """
    disk = recording_bytes(system, sum(system.n_frames.values()))
    frames = frame_bytes(system) * (1 + WORKING_COPIES)
    free = shutil.disk_usage(_existing(datasets)).free
    text = (
        f"Needs {size(disk)} of disk for the recording ({size(free)} free), about {size(frames)} of memory for the fit"
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
