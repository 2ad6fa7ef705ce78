"""Which reader a path asks for, by its ending."""

from collections.abc import Callable
from pathlib import Path

from hydra_llm.recordings import hdf5_file, numpy_file, nwb_file, table_file, zarr_file
from hydra_llm.recordings.session import Names, RecordedSession, RecordingError

Reader = Callable[[Path, str | None, Names], RecordedSession]

READERS: dict[str, Reader] = {
    ".npz": numpy_file.read,
    ".npy": numpy_file.read,
    ".csv": table_file.read_text,
    ".tsv": table_file.read_text,
    ".parquet": table_file.read_parquet,
    ".h5": hdf5_file.read,
    ".hdf5": hdf5_file.read,
    ".zarr": zarr_file.read,
    ".nwb": nwb_file.read,
}


def read_session(path: Path, group: str | None, names: Names) -> RecordedSession:
    """One session of one file. Raises RecordingError."""
    if not path.exists():
        raise RecordingError(f"simulation.path={path} does not exist.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise RecordingError(f"simulation.path={path} must end in one of {', '.join(READERS)}, which say the format.")
    return reader(path, group, names)
