"""Recordings in tables: a row per frame, a column per unit, and columns for time, segment and stimulus."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hydra_llm.recordings.session import NONE, Names, RecordedSession, RecordingError

MISSING = {"", "nan", "na", "n/a", "null", "none"}


def read_text(path: Path, group: str | None, names: Names) -> RecordedSession:
    """CSV, or TSV by the ending. The first row names the columns unless it holds numbers alone."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path.name} must be text in UTF-8, and byte {error.start} is not ({error.reason}). Save it as CSV UTF-8."
        ) from error
    if not rows:
        raise RecordingError(f"{path.name} is empty. A table must hold a row per frame.")
    titled = not all(_is_number(cell) for cell in rows[0])
    titles = [cell.strip() for cell in rows[0]] if titled else [f"unit_{k}" for k in range(len(rows[0]))]
    _check_titles(titles, path.name)
    body = rows[1:] if titled else rows
    for number, row in enumerate(body, start=2 if titled else 1):
        if len(row) != len(titles):
            raise RecordingError(
                f"Row {number} of {path.name} has {len(row)} cells, the first row has {len(titles)}. "
                "Every row must have a cell per column; leave a missing value empty."
            )
    columns = {title: np.array([row[k].strip() for row in body]) for k, title in enumerate(titles)}
    return _session(path.name, columns, group, names)


def read_parquet(path: Path, group: str | None, names: Names) -> RecordedSession:
    try:
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise RecordingError(
            f"{path.name} needs pyarrow, which is not installed: pip install 'hydra-llm[parquet]', or save the "
            "table as .csv or .npz."
        ) from error
    table = parquet.read_table(path)
    _check_titles(table.column_names, path.name)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    return _session(path.name, columns, group, names)


def _check_titles(titles: list[str], source: str) -> None:
    """Raises RecordingError for a column without a title and for a title of several columns."""
    if "" in titles:
        raise RecordingError(
            f"Column {titles.index('') + 1} of {source} has no title. Name it, or remove it: pandas writes numbers of "
            "rows so, unless to_csv is told index=False."
        )
    twice = next((title for number, title in enumerate(titles) if title in titles[:number]), None)
    if twice is not None:
        raise RecordingError(f"{source} has several columns called {twice}. Every column needs a name of its own.")


def _session(source: str, columns: Mapping[str, np.ndarray], group: str | None, names: Names) -> RecordedSession:
    if group is not None:
        raise RecordingError(f"simulation.groups={group} names a group, and {source} has none. Leave it out.")
    time, segment = (_one(columns, what, getattr(names, what), source) for what in ("time", "segment"))
    start = "stimulus" if names.stimulus is None or names.stimulus == NONE else names.stimulus
    stimulus = _begin_with(columns, start, source, required=start == names.stimulus)
    others = {time, segment, *stimulus}
    stimulus = [] if names.stimulus == NONE else stimulus
    units = [name for name in columns if name not in others]
    if names.activity is not None:
        units = [name for name in _begin_with(columns, names.activity, source, required=True) if name not in others]
    if not units:
        raise RecordingError(f"{source} has no column of activity. Its columns are: {', '.join(columns)}.")
    return RecordedSession(
        source,
        np.stack([_numbers(columns[name], name, source) for name in units], axis=1),
        None if time is None or names.time == NONE else _numbers(columns[time], time, source),
        np.stack([_numbers(columns[name], name, source) for name in stimulus], axis=1) if stimulus else None,
        None if segment is None or names.segment == NONE else columns[segment],
        unit_names=tuple(units),
    )


def _one(columns: Mapping[str, np.ndarray], what: str, name: str | None, source: str) -> str | None:
    if name is None or name == NONE:
        return what if what in columns else None
    if name not in columns:
        raise RecordingError(
            f"simulation.{what}={name} is no column of {source}. Its columns are: {', '.join(columns)}."
        )
    return name


def _begin_with(columns: Mapping[str, np.ndarray], start: str, source: str, *, required: bool) -> list[str]:
    found = [name for name in columns if name.startswith(start)]
    if required and not found:
        raise RecordingError(f"No column of {source} begins with {start}. Its columns are: {', '.join(columns)}.")
    return found


def _numbers(cells: np.ndarray, name: str, source: str) -> np.ndarray:
    if cells.dtype.kind in "biuf":
        return cells.astype(np.float64)
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        text = "" if cell is None else str(cell)
        if not _is_number(text):
            raise RecordingError(
                f"Column {name} of {source} must hold numbers, got {text!r} in row {row + 2}. Name columns of words as "
                "simulation.segment, choose the units by simulation.activity (how their columns begin), or remove them."
            )
        values[row] = np.nan if text.strip().lower() in MISSING else float(text)
    return values


def _is_number(cell: str) -> bool:
    if cell.strip().lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True
