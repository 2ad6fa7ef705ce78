"""A recording as a file of Neurodata Without Borders 2 (https://nwb-schema.readthedocs.io), by h5py alone.

One TimeSeries, acquisition/rates, with the attributes and the groups that the schema requires, so that pynwb reads it.
"""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

VERSION = "2.9.0"  # of the schema
GROUPS = ("acquisition", "analysis", "general", "processing", "stimulus/presentation", "stimulus/templates")


def write_nwb(
    path: Path, activity: np.ndarray, *, rate: float, identifier: str, description: str, unit: str = "a.u."
) -> None:
    """activity [frame, unit], `rate` frames a second. A file that is there is replaced."""
    try:
        import h5py
    except ImportError:
        raise SystemExit(f"{path} needs h5py, which is not installed: pip install h5py.") from None
    now = datetime.now(UTC).isoformat()
    with h5py.File(path, "w") as file:
        _typed(file, "NWBFile", nwb_version=VERSION)
        file["identifier"], file["session_description"] = identifier, description
        file["session_start_time"] = file["timestamps_reference_time"] = now
        file["file_create_date"] = np.array([now], dtype=h5py.string_dtype())
        for name in GROUPS:
            file.require_group(name)
        series = file.create_group("acquisition/rates")
        _typed(series, "TimeSeries", description=description, comments="no comments")
        data = series.create_dataset("data", data=activity, chunks=True, compression="gzip", compression_opts=1)
        data.attrs.update({"conversion": 1.0, "offset": 0.0, "resolution": -1.0, "unit": unit})
        series["starting_time"] = 0.0
        series["starting_time"].attrs.update({"rate": rate, "unit": "seconds"})


def _typed(group: Any, kind: str, **attributes: str) -> None:
    """What every object of the schema carries, and its own attributes."""
    group.attrs.update({"namespace": "core", "neurodata_type": kind, "object_id": str(uuid.uuid4()), **attributes})
