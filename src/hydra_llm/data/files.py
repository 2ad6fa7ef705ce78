"""Files that survive a crash: .npy arrays written frame by frame, and JSON, both flushed to the disk."""

import json
import math
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.errors import DatasetError


class ArrayFile:
    """A .npy file of known shape to which frames are appended.

    Plain writes rather than a writable memory map: on a full disk these raise, a map kills the process.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], written: int = 0) -> None:
        """written: frames of an existing file to go on after; what follows them is cut off. 0: a new file."""
        self.path, self.shape, self.dtype = path, shape, dtype
        self._written = written
        header = BytesIO()
        described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, described)
        kept = len(header.getvalue()) + written * math.prod(shape[1:]) * dtype.itemsize
        path.parent.mkdir(parents=True, exist_ok=True)
        if written and path.stat().st_size < kept:
            raise DatasetError(f"{path} holds less than {written} frames. Delete its folder and run again.")
        self._file: BinaryIO = path.open("r+b" if written else "wb")
        if written:
            self._file.truncate(kept)
            self._file.seek(kept)
        else:
            self._file.write(header.getvalue())

    def append(self, start: int, frames: np.ndarray) -> None:
        """Add frames [frame, ...] that begin at frame `start`, the first one not yet written."""
        if start != self._written or frames.shape[1:] != self.shape[1:] or start + len(frames) > self.shape[0]:
            raise DatasetError(
                f"{self.path.name} of shape {self.shape} has {self._written} frames and was given {frames.shape} from "
                f"frame {start}. Frames are written in order, each once."
            )
        self._file.write(np.ascontiguousarray(frames, dtype=self.dtype).data)
        self._written += len(frames)

    def flush(self) -> None:
        """Make what is written durable."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Flush to the disk; a file that is not full is an error."""
        self.flush()
        self._file.close()
        if self._written != self.shape[0]:
            raise DatasetError(f"{self.path.name} ended after {self._written} of {self.shape[0]} frames.")

    def abandon(self) -> None:
        self._file.close()


def write_tensors(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """One .npy file per tensor, flushed; a scalar becomes an array of one."""
    for name, tensor in tensors.items():
        values = torch.atleast_1d(tensor).numpy()
        file = ArrayFile(folder / f"{name}.npy", values.shape, values.dtype)
        file.append(0, values)
        file.close()


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist: the dataset is incomplete. Delete the folder and run again."
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read ({error}). Delete the dataset folder and run again.") from error


def read_array(path: Path) -> np.ndarray:
    """Memory-mapped and read-only; a cut-off file is an error."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist: the dataset is incomplete. Delete the folder and run again."
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(
            f"{path} is cut off or damaged ({error}). Delete the dataset folder and run again."
        ) from error


def sync_folder(path: Path) -> None:
    """Make the entries of a folder durable, its renames included."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
