"""Tables of PEtab: tab-separated text with a header."""

import csv
import io
import math
from collections.abc import Sequence

from hydra_llm.families.reactions.errors import ModelError

Row = dict[str, str]
MISSING = ("", "nan", "na", "none", "n/a")


def rows_of(text: str, file: str, required: Sequence[str]) -> list[Row]:
    """The rows of a table. Raises ModelError for a column that is missing."""
    reader = csv.DictReader(io.StringIO(text), delimiter="\t")
    header = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    absent = [name for name in required if name not in header]
    if absent:
        raise ModelError(f"{file} must have the columns {', '.join(required)}; it lacks {', '.join(absent)}.")
    rows = []
    for row in reader:
        cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        if any(cells.values()):
            rows.append(cells)
    if not rows:
        raise ModelError(f"{file} has no rows.")
    return rows


def is_missing(cell: str | None) -> bool:
    return cell is None or cell.strip().lower() in MISSING


def number_of(cell: str) -> float | None:
    """The cell as a number, None where it is none."""
    try:
        return float(cell)
    except ValueError:
        return None


def required_number(row: Row, column: str, place: str) -> float:
    """Raises ModelError for a cell that is no number."""
    value = number_of(row.get(column, ""))
    if value is None or math.isnan(value):
        raise ModelError(f"{place}: {column} must be a number, got {row.get(column)!r}.")
    return value


def choice_of(row: Row, column: str, default: str, choices: Sequence[str], place: str) -> str:
    """Raises ModelError for a word that is not among the choices."""
    cell = row.get(column, "")
    value = default if is_missing(cell) else cell
    if value not in choices:
        raise ModelError(f"{place}: {column} must be one of {', '.join(choices)}, got {value!r}.")
    return value
