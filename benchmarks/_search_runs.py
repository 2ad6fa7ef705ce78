"""The runs of benchmarks/search.py on disk: one line a run while they are made, one line a group once packed.

A group holds the runs of one task, arm, budget and number of slots, each quantity as a list by repetition. The default
that all arms start from depends on task and repetition alone, so it stands once per task.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

Row = dict[str, Any]

GROUP = ("task", "arm", "trials", "slots")
DIGITS = 6  # of a quality, as runs have them


def read(path: Path) -> list[Row]:
    """The runs so far, packed or not; a line torn by a crash is left out, and run again."""
    if not path.exists():
        return []
    rows: list[Row] = []
    defaults: dict[tuple[str, int], float] = {}
    for line in path.read_text().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if "defaults" in found:
            defaults |= {(found["task"], int(number)): value for number, value in found["defaults"].items()}
        else:
            rows += _unpacked(found, defaults) if "repetitions" in found else [found]
    return sorted(rows, key=lambda row: row["repetition"])  # as they are made: resampling depends on the order


def pack(path: Path) -> None:
    """Write what is there as groups, the same runs in fewer bytes."""
    rows = read(path)
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    defaults: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        groups[tuple(row[name] for name in GROUP)].append(row)
        defaults[row["task"]][row["repetition"]] = round(row["default"], DIGITS)
    lines: list[Row] = [{"task": task, "defaults": dict(sorted(own.items()))} for task, own in defaults.items()]
    lines += [_packed(group, own) for group, own in groups.items()]
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def _packed(group: tuple[Any, ...], rows: list[Row]) -> Row:
    rows = sorted(rows, key=lambda row: row["repetition"])
    packed: Row = {**dict(zip(GROUP, group, strict=True)), "repetitions": [row["repetition"] for row in rows]}
    packed["quality"] = [round(row["quality"], DIGITS) for row in rows]
    packed["cpu_s"] = [float(f"{row['cpu_s']:.3g}") for row in rows]
    points = sorted({point for row in rows for point in row.get("curve", {})}, key=int)
    last = str(packed["trials"])  # is the quality
    curve = {point: [_rounded(row, point) for row in rows] for point in points if point != last}
    return {**packed, "curve": curve} if points else packed


def _rounded(row: Row, point: str) -> float | None:
    value = row.get("curve", {}).get(point)
    return None if value is None else round(value, DIGITS)


def _unpacked(group: Row, defaults: dict[tuple[str, int], float]) -> list[Row]:
    rows = []
    for place, repetition in enumerate(group["repetitions"]):
        row = {name: group[name] for name in GROUP} | {"repetition": repetition}
        row |= {"quality": group["quality"][place], "cpu_s": group["cpu_s"][place]}
        row["default"] = defaults[(group["task"], repetition)]
        if "curve" in group:
            known = {point: values[place] for point, values in group["curve"].items() if values[place] is not None}
            row["curve"] = {**known, str(group["trials"]): row["quality"]}
        rows.append(row)
    return rows
