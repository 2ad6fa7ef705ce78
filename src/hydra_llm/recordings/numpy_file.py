"""Recordings in numpy's own files. An .npz holds named arrays, an .npy the activity alone."""

from pathlib import Path

import numpy as np

from hydra_llm.recordings.session import Names, RecordedSession, RecordingError
from hydra_llm.recordings.shelf import Shelf


def read(path: Path, group: str | None, names: Names) -> RecordedSession:
    """An archive that pynapple has written (t, d) is read too."""
    try:
        loaded = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise RecordingError(
            f"{path} cannot be read by numpy ({error}). Save arrays of numbers, not objects."
        ) from error
    if isinstance(loaded, np.ndarray):
        arrays = {"activity": loaded}
    else:
        arrays = {name: loaded[name] for name in loaded.files if loaded[name].dtype.kind != "O"}
    if "activity" not in arrays and {"t", "d"} <= arrays.keys():
        arrays = {**arrays, "activity": arrays["d"], "time": arrays["t"]}
    if group is not None:
        raise RecordingError(
            f"simulation.groups={group} names a group, and {path} has none. Leave simulation.groups out."
        )
    shapes = {name: array.shape for name, array in arrays.items()}
    return Shelf(path.name, {name: lambda array=array: array for name, array in arrays.items()}, shapes).session(names)
