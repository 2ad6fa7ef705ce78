"""A table as the text of a CSV file."""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_text(title: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """title: names of the columns. Lines end with a newline alone, on every system."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(title)
    writer.writerows(rows)
    return text.getvalue()
