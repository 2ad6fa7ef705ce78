"""Recordings in HDF5: data sets of a file, or of one of its groups."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hydra_llm.recordings.session import Names, RecordedSession, RecordingError
from hydra_llm.recordings.shelf import Shelf


def opened(path: Path) -> Any:
    """The h5py.File, read only. Raises RecordingError where h5py is missing or the file is none of its."""
    try:
        import h5py
    except ImportError as error:
        raise RecordingError(
            f"{path.name} needs h5py, which is not installed: pip install h5py, or save the arrays as .npz."
        ) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise RecordingError(f"{path.name} cannot be read as HDF5 ({error}).") from error


def group_of(root: Any, group: str | None, source: str) -> Any:
    """The group of that name. Raises RecordingError with the groups that there are."""
    if group is None:
        return root
    if group not in root or hasattr(root[group], "shape"):
        groups = [name for name in root if not hasattr(root[name], "shape")]
        raise RecordingError(
            f"simulation.groups names {group}, which is no group of {source}. Its groups are: "
            f"{', '.join(groups) or 'none'}."
        )
    return root[group]


def read(path: Path, group: str | None, names: Names) -> RecordedSession:
    with opened(path) as file:
        return shelf(group_of(file, group, path.name), _source(path, group)).session(names)


def shelf(root: Any, source: str) -> Shelf:
    """The arrays below a group of HDF5 or zarr, named by their paths; attributes `unit` and `delta_t` are read."""
    found: dict[str, Any] = {}
    _collect(root, "", found)
    arrays: dict[str, Callable[[], np.ndarray]] = {name: partial(_read, item) for name, item in found.items()}
    if "delta_t" not in arrays and "delta_t" in root.attrs:
        arrays["delta_t"] = partial(np.asarray, root.attrs["delta_t"])
    units = {name: _word(item.attrs["unit"]) for name, item in found.items() if "unit" in item.attrs}
    return Shelf(source, arrays, {name: tuple(item.shape) for name, item in found.items()}, units)


def _collect(group: Any, prefix: str, found: dict[str, Any]) -> None:
    for name in sorted(group.keys()):
        item = group[name]
        if hasattr(item, "shape"):
            found[prefix + name] = item
        else:
            _collect(item, f"{prefix}{name}/", found)


def _read(item: Any) -> np.ndarray:
    return np.asarray(item[()])


def _source(path: Path, group: str | None) -> str:
    return path.name if group is None else f"{path.name}:{group}"


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
