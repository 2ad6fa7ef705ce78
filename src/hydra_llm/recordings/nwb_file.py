"""Recordings in NWB 2, which is HDF5: a TimeSeries holds `data`, its conversion, and a clock.

The clock is `timestamps`, or `starting_time` with its attribute `rate` (https://nwb-schema.readthedocs.io, TimeSeries).
Values are data * conversion + offset. simulation.activity and simulation.stimulus name series by their path in the
file, such as acquisition/rates.
"""

from pathlib import Path
from typing import Any

import numpy as np

from hydra_llm.recordings.hdf5_file import opened
from hydra_llm.recordings.session import NONE, Names, RecordedSession, RecordingError
from hydra_llm.recordings.shelf import numbers


def read(path: Path, group: str | None, names: Names) -> RecordedSession:
    if group is not None:
        raise RecordingError(
            f"simulation.groups={group} is for HDF5 and zarr. In {path.name} name the series as simulation.activity."
        )
    if names.time is not None or names.segment is not None:
        raise RecordingError(
            f"simulation.time and simulation.segment must be left out for {path.name}: a series of NWB has its own "
            "clock, and a pause in it begins a new stretch."
        )
    with opened(path) as file:
        found: dict[str, Any] = {}
        _series(file, "", found)
        series = _activity(found, names.activity, path.name)
        activity = _values(found[series], series, path.name)
        time, step = _clock(found[series])
        stimulus = None
        if names.stimulus is not None and names.stimulus != NONE:
            stimulus = _values(_named(found, names.stimulus, "stimulus", path.name), names.stimulus, path.name)
        unit = found[series]["data"].attrs.get("unit")
        return RecordedSession(path.name, activity, time, stimulus, None, step, None if unit is None else str(unit))


def _series(group: Any, prefix: str, found: dict[str, Any]) -> None:
    for name in sorted(group.keys()):
        item = group[name]
        if hasattr(item, "shape"):
            continue
        if "data" in item and ("timestamps" in item or "starting_time" in item):
            found[prefix + name] = item
        _series(item, f"{prefix}{name}/", found)


def _activity(found: dict[str, Any], name: str | None, source: str) -> str:
    if name is not None:
        _named(found, name, "activity", source)
        return name
    wide = [one for one, series in found.items() if len(series["data"].shape) == 2 and not one.startswith("stimulus")]
    if len(wide) == 1:
        return wide[0]
    raise RecordingError(
        f"{source} must say which series is the activity [frame, unit]. {_holds(found)} Name one: simulation.activity."
    )


def _named(found: dict[str, Any], name: str, what: str, source: str) -> Any:
    if name not in found:
        raise RecordingError(f"simulation.{what}={name} is no series of {source}. {_holds(found)}")
    return found[name]


def _values(series: Any, name: str, source: str) -> np.ndarray:
    data = series["data"]
    conversion, offset = float(data.attrs.get("conversion", 1.0)), float(data.attrs.get("offset", 0.0))
    values = numbers(data[()], name, source) * conversion + offset
    return values[:, None] if values.ndim == 1 else values


def _clock(series: Any) -> tuple[np.ndarray | None, float | None]:
    if "timestamps" in series:
        return np.asarray(series["timestamps"][()], dtype=np.float64), None
    return None, 1 / float(series["starting_time"].attrs["rate"])


def _holds(found: dict[str, Any]) -> str:
    listed = ", ".join(f"{name} {'x'.join(map(str, series['data'].shape))}" for name, series in found.items())
    return f"Its series are: {listed or 'none'}."
