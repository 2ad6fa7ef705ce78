"""Recordings in zarr: an array, or a group of arrays, in a folder or a zip file."""

from pathlib import Path
from typing import Any

import numpy as np

from hydra_llm.recordings.hdf5_file import group_of, shelf
from hydra_llm.recordings.session import Names, RecordedSession, RecordingError
from hydra_llm.recordings.shelf import Shelf


def read(path: Path, group: str | None, names: Names) -> RecordedSession:
    try:
        import zarr  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise RecordingError(
            f"{path.name} needs zarr, which is not installed: pip install 'hydra-llm[zarr]', or save the arrays as "
            ".npz or .h5."
        ) from error
    try:
        root: Any = zarr.open(str(path), mode="r")
    except Exception as error:  # every version of zarr has errors of its own
        raise RecordingError(f"{path.name} cannot be read as zarr ({error}).") from error
    if hasattr(root, "shape"):
        return Shelf(path.name, {"activity": lambda: np.asarray(root[...])}, {"activity": root.shape}).session(names)
    return shelf(group_of(root, group, path.name), path.name if group is None else f"{path.name}:{group}").session(
        names
    )
