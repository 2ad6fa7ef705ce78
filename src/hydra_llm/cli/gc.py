"""`hydra-llm gc`: delete what can go without losing a result: drafts of dead processes, checkpoints of trials that did
not win, recordings that nobody opened for long.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hydra_llm.dataset_names import DRAFT, INCOMPLETE, OBSERVATIONS, RECORD
from hydra_llm.search.log.event_log import EVENTS_NAME, EventLogError
from hydra_llm.search.log.lock import holder
from hydra_llm.search.log.reader import NoSweepError, read_sweep

YOUNG_S = 24 * 3600  # a draft younger than this may belong to a process on another machine


@dataclass(frozen=True)
class Leftover:
    path: Path
    why: str
    size: int  # bytes


def gc(
    root: Annotated[
        Path,
        typer.Argument(help="The folder of outputs; everything below it is looked at.", exists=True, file_okay=False),
    ] = Path("outputs"),
    days: Annotated[
        float, typer.Option("--older-than", help="Recordings not opened for so many days.", min=0.0)
    ] = 30.0,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it they are only listed.")] = False,
) -> None:
    """List, or delete with --yes, what can go without losing a result: unfinished recordings, old recordings (they can
    be simulated again), checkpoints of trials that did not win.
    """
    total = 0
    for found in leftovers(root, days):
        total += found.size
        typer.echo(f"{found.size / 2**20:9.1f} MiB  {found.path}  ({found.why})")
        if yes:
            _remove(found)
    typer.echo(f"{total / 2**20:9.1f} MiB  {'deleted' if yes else 'could be deleted with --yes'}")


def leftovers(root: Path, days: float) -> Iterator[Leftover]:
    """Below `root`, the folder of outputs. `days`: recordings untouched for so long."""
    for log in sorted(root.rglob(EVENTS_NAME)):
        yield from _checkpoints(log.parent)
    for record in sorted(root.rglob(RECORD)):
        age = _age(record.parent) / 86400
        if (record.parent / OBSERVATIONS).is_dir() and age > days:
            yield Leftover(record.parent, f"a recording that was not opened for {age:.0f} days", _size(record.parent))
    for pattern in (f"{DRAFT}*", f"*{INCOMPLETE}*"):
        for path in sorted(root.rglob(pattern)):
            if path.is_dir() and time.time() - path.stat().st_mtime > YOUNG_S:
                yield Leftover(path, "a recording that was never finished", _size(path))


def _remove(found: Leftover) -> None:
    if found.path.is_dir():
        shutil.rmtree(found.path)
    else:
        found.path.unlink(missing_ok=True)


def _checkpoints(folder: Path) -> Iterator[Leftover]:
    """Of all trials but the best and the confirmed ones; none while the sweep is being worked on."""
    try:
        sweep = read_sweep(folder)
    except (NoSweepError, EventLogError):
        return
    if holder(folder):
        return
    best = sweep.state.best()
    kept = {trial.number for trial in sweep.state.confirmations} | ({best.number} if best is not None else set())
    for number in sorted(set(sweep.state.trials) - kept):
        path = folder / str(number) / "checkpoints"
        if path.is_dir():
            yield Leftover(path, "the checkpoint of a trial that did not win", _size(path))


def _age(folder: Path) -> float:
    """Seconds since any file of a folder was read or written, as far as the file system keeps note."""
    stamps = [max(s.st_atime, s.st_mtime) for s in (path.stat() for path in folder.rglob("*") if path.is_file())]
    return time.time() - max(stamps, default=time.time())


def _size(path: Path) -> int:
    return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())
