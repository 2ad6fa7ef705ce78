"""Recordings in numpy's own files. An .npz holds named arrays, an .npy the activity alone."""

from pathlib import Path

import numpy as np

from hydra_llm.recordings.session import Names, RecordedSession, RecordingError
from hydra_llm.recordings.shelf import USUAL, Shelf


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
        arrays = _arrays(loaded, path.name, names)
    if "activity" not in arrays and {"t", "d"} <= arrays.keys():
        arrays = {**arrays, "activity": arrays["d"], "time": arrays["t"]}
    if group is not None:
        raise RecordingError(
            f"simulation.groups={group} names a group, and {path} has none. Leave simulation.groups out."
        )
    shapes = {name: array.shape for name, array in arrays.items()}
    return Shelf(path.name, {name: lambda array=array: array for name, array in arrays.items()}, shapes).session(names)


def _arrays(loaded: np.lib.npyio.NpzFile, source: str, names: Names) -> dict[str, np.ndarray]:
    """Those of numbers and words. An array of objects is refused where it would be used, and left out elsewhere."""
    used = {"delta_t", "unit_names", *USUAL.values(), names.activity, names.time, names.stimulus, names.segment}
    arrays = {}
    for name in loaded.files:
        try:
            arrays[name] = loaded[name]
        except ValueError as error:  # numpy unpickles no object
            if name in used:
                raise RecordingError(
                    f"{name} in {source} is an array of Python objects, which are not read. Save numbers as floats and "
                    "words as numpy.array(words, dtype=str)."
                ) from error
    return arrays
