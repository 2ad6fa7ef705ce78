"""Arrays that memory should not hold: in files without a name, which the system pages in and out as they are used.

Such a file ends with the process that made it, however that ends.
"""

import math
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.errors import DatasetError

LARGE = 2**28  # bytes of one array; a larger one goes to the disk


def room(shape: tuple[int, ...], dtype: torch.dtype, folder: Path | None) -> Tensor:
    """A tensor to be filled: in memory, or, where it is large and there is a folder, on the disk of that folder.

    Raises DatasetError where the disk is full: a write to a map of a file that has no blocks would kill the process.
    """
    n_bytes = disk_bytes(shape, dtype.itemsize)
    if folder is None or not n_bytes:
        return torch.empty(shape, dtype=dtype)
    where = folder_for(folder)
    with tempfile.TemporaryFile(dir=where) as file:
        try:
            _reserve(file.fileno(), n_bytes)
        except OSError as error:
            raise DatasetError(
                f"A fit to this recording takes {n_bytes / 1e9:.1f} GB of {where} while it runs: {error.strerror}. "
                "Free some space, set paths.datasets to a folder on another disk, or record fewer frames."
            ) from error
        return torch.from_numpy(
            np.memmap(file, dtype=torch.empty(0, dtype=dtype).numpy().dtype, mode="r+", shape=shape)
        )


def disk_bytes(shape: tuple[int, ...], itemsize: int) -> int:
    """What room reserves on the disk for such an array; 0 for one that memory holds."""
    n_bytes = math.prod(shape) * itemsize
    return n_bytes if n_bytes > LARGE else 0


def folder_for(folder: Path) -> Path:
    """Where files for a dataset in this folder go: there, or to the temporary folder where it is read-only."""
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())


def on_disk(array: np.ndarray) -> Tensor:
    """The numbers of a stored array: a copy in memory, or, of a large one, its file, which no write to them reaches."""
    if array.nbytes <= LARGE or not isinstance(array, np.memmap) or array.filename is None:
        return torch.tensor(array)
    return torch.from_numpy(np.memmap(array.filename, array.dtype, "c", array.offset, array.shape))


def _reserve(descriptor: int, n_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, n_bytes)
    else:  # macOS grants the blocks when they are written
        os.ftruncate(descriptor, n_bytes)
