"""A matrix between the units, from a file of its own: a wiring diagram, or weights that are known."""

from pathlib import Path

import numpy as np

from hydra_llm.recordings.session import RecordingError


def read_weights(path: Path, n_units: int, key: str) -> np.ndarray:
    """W [target, source] in float64.

    .npy, .npz (an array `weights`, `connectivity` or `adjacency`, or the only one), .csv without titles.
    key: what names the file, for the sentence. Raises RecordingError.
    """
    values = _values(path, key)
    if values.shape == (n_units, n_units):
        return _matrix(values, path, key)
    hint = "An edge_index says which weights there are and not how large they are. " if values.shape[:1] == (2,) else ""
    raise RecordingError(
        f"{key}={path.name} must be a matrix [target, source] of shape {(n_units, n_units)}, got the shape "
        f"{values.shape}. {hint}Write 0 where there is no synapse."
    )


def read_graph(path: Path, n_units: int, key: str) -> np.ndarray:
    """[target, source] in float64, not 0 where a synapse may exist, from a matrix as read_weights reads it, or from an
    edge_index [2, edge] of rows source and target. Raises RecordingError.
    """
    values = _values(path, key)
    if values.shape == (n_units, n_units):
        return _matrix(values, path, key)
    if values.ndim == 2 and values.shape[0] == 2:
        if not (np.isfinite(values).all() and (values == np.round(values)).all()):
            raise RecordingError(f"{key}={path.name} must name units by whole numbers, as an edge_index does.")
        source, target = values.astype(int)
        if values.size and (values.min() < 0 or values.max() >= n_units):
            raise RecordingError(
                f"{key}={path.name} names unit {int(values.max())}, and units run from 0 to {n_units - 1}."
            )
        found = np.zeros((n_units, n_units))
        found[target, source] = 1.0
        return found
    raise RecordingError(
        f"{key}={path.name} must be a matrix [target, source] of shape {(n_units, n_units)}, or an edge_index [2, "
        f"edge] of sources and targets, got the shape {values.shape}."
    )


def _values(path: Path, key: str) -> np.ndarray:
    if not path.exists():
        raise RecordingError(f"{key}={path} does not exist.")
    try:
        values = _read(path, key)
    except RecordingError:
        raise
    except (ValueError, OSError, EOFError) as error:
        raise RecordingError(
            f"{key}={path.name} cannot be read as a matrix of numbers ({error}). Save one with numpy.save, or as .csv "
            "without titles."
        ) from error
    if values.dtype.kind not in "biuf":
        raise RecordingError(f"{key}={path.name} must hold real numbers, got values of type {values.dtype}.")
    return values


def _matrix(values: np.ndarray, path: Path, key: str) -> np.ndarray:
    if not np.isfinite(values).all():
        raise RecordingError(f"{key}={path.name} must hold finite numbers. Write 0 where there is no synapse.")
    return values.astype(np.float64)


def _read(path: Path, key: str) -> np.ndarray:
    if path.suffix == ".csv":
        return np.loadtxt(path, delimiter=",", ndmin=2)
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            for name in ("adjacency", "weights", "connectivity", "edge_index", *arrays.files[: len(arrays.files) == 1]):
                if name in arrays.files:
                    return arrays[name]
            raise RecordingError(f"{key}={path.name} holds {', '.join(arrays.files)}; call one of them adjacency.")
    raise RecordingError(f"{key}={path.name} must end in .npy, .npz or .csv.")
