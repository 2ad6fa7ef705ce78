"""A large file from the web: it goes on where it was cut, also in a later run, and is checked when it is whole."""

import hashlib
import logging
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

log = logging.getLogger(__name__)

TIMEOUT = 30  # seconds without an answer
_CHUNK = 2**20


class DownloadError(OSError):
    """The file is not whole, or not the one that was expected; the message says what is kept."""


@dataclass(frozen=True)
class Download:
    """A file of `n_bytes` bytes at `url`, whose digest is known."""

    url: str
    n_bytes: int
    sha256: str

    def into(self, place: Path) -> None:
        """Write the file. What has arrived of it lies in PLACE.part until it is whole. Raises DownloadError."""
        if place.exists():  # whole, and left by a process that was killed before it was used
            return
        part, before = self._part(place), -1
        with _bar(self.n_bytes) as moved:
            while (here := _size(part)) < self.n_bytes:
                if here <= before:  # the last attempt brought nothing
                    raise DownloadError(self._cut(here))
                before = here
                try:
                    self._append(part, moved)
                except (OSError, HTTPException) as error:
                    if _size(part) <= here:
                        raise DownloadError(f"{self._cut(here)} ({error})") from error
                    log.info("The connection broke (%s); going on.", error)
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            part.unlink()
            raise DownloadError(f"what {self.url} serves has sha256 {found}, expected {self.sha256}; it was deleted")
        part.replace(place)

    def missing(self, place: Path) -> int:
        """Bytes that have still to come."""
        return 0 if place.exists() else self.n_bytes - _size(self._part(place))

    @staticmethod
    def _part(place: Path) -> Path:
        return place.with_name(f"{place.name}.part")

    def _append(self, part: Path, moved: "_Moved") -> None:
        here = _size(part)
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={here}-"} if here else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT  # a server that knows no ranges sends all of it
            with part.open("ab" if goes_on else "wb") as file:
                moved(file.tell())
                while file.tell() < self.n_bytes and (chunk := answer.read(_CHUNK)):
                    file.write(chunk)
                    moved(file.tell())

    def _cut(self, here: int) -> str:
        if not here:
            return f"{self.url} sent nothing"
        return (
            f"{self.url} sent {here / 1e6:.0f} of {self.n_bytes / 1e6:.0f} MB and no more; they are kept, and the same "
            "command goes on from there"
        )


class _Moved:
    """Shows how many bytes are here: as a bar in a terminal, otherwise as a line for every tenth."""

    def __init__(self, n_bytes: int, bar: Progress) -> None:
        self._n_bytes, self._bar = n_bytes, bar
        self._task = bar.add_task("download", total=n_bytes)
        self._tenth = 0

    def __call__(self, here: int) -> None:
        self._bar.update(self._task, completed=here)
        tenth = 10 * here // self._n_bytes
        if self._bar.disable and tenth > self._tenth:
            log.info("%.0f of %.0f MB are here.", here / 1e6, self._n_bytes / 1e6)
        self._tenth = max(self._tenth, tenth)


@contextmanager
def _bar(n_bytes: int) -> Iterator[_Moved]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not sys.stderr.isatty()) as bar:
        yield _Moved(n_bytes, bar)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
