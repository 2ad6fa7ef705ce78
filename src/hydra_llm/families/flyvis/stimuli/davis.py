"""DAVIS 2017 (Pont-Tuset et al. 2017): filmed everyday scenes, 480 pixels high, 24 frames per second.

ROOT/JPEGImages/480p/<video>/00000.jpg ... ROOT is simulation.davis_root, else the environment variable DAVIS_ROOT, else
the user's cache, into which the official archive is downloaded once.
"""

import hashlib
import logging
import os
import secrets
import shutil
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.frames import image_files
from hydra_llm.families.flyvis.stimuli.videos import Video

log = logging.getLogger(__name__)

VARIABLE = "DAVIS_ROOT"
FPS = 24.0
URL = "https://data.vision.ee.ethz.ch/csergi/share/davis/DAVIS-2017-trainval-480p.zip"
SHA256 = "e3d0b5b77c3d031b000a19e0e25e3e2cac65d183755601bc2cf066df1a2aa492"
ARCHIVE_BYTES = 832_766_765
FRAMES = Path("JPEGImages") / "480p"
_TIMEOUT = 30  # seconds without an answer
_CHUNK = 2**20

_REMEDIES = (
    f"Set simulation.davis_root or the environment variable {VARIABLE} to a folder that holds {FRAMES}, or run once "
    f"with access to {URL} (0.8 GB). simulation=flyvis_scenes needs no download."
)


def find_davis(root: str | None, cache: Path) -> Path:
    """The folder above JPEGImages. Raises StimulusError."""
    named = root or os.environ.get(VARIABLE)
    if named:
        for folder in (Path(named).expanduser(), Path(named).expanduser() / "DAVIS"):
            if (folder / FRAMES).is_dir():
                return folder
        raise StimulusError(f"{named} holds no {FRAMES}: it is no DAVIS tree. {_REMEDIES}")
    if not (cache / "DAVIS" / FRAMES).is_dir():
        _download(cache)
    return cache / "DAVIS"


def videos_below(folder: Path, least_frames: int, most_frames: int | None) -> tuple[Video, ...]:
    """Every subfolder with images as a video."""
    found = [(path.name, image_files(path)) for path in sorted(folder.iterdir()) if path.is_dir()]
    long = tuple(Video(name, tuple(paths[:most_frames])) for name, paths in found if len(paths) >= least_frames)
    if not long:
        raise StimulusError(
            f"No video below {folder} has {least_frames} frames or more ({len(found)} folders). Expected one folder of "
            "images per video; lower simulation.video_least_frames if they are short."
        )
    return long


def _download(cache: Path) -> None:
    """Fetch, check and unpack the archive. The tree appears whole or not at all."""
    archive = cache / f".davis.{secrets.token_hex(4)}.part"
    unpacked = archive.with_suffix(".tree")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(cache).free
        if free < 3 * ARCHIVE_BYTES:
            needed = f"{3 * ARCHIVE_BYTES / 1e9:.1f} GB"
            raise StimulusError(
                f"DAVIS needs {needed} in {cache} while it is unpacked, {free / 1e9:.1f} GB are free. {_REMEDIES}"
            )
        log.info("Downloading DAVIS 2017 (0.8 GB) from %s into %s, once ...", URL, cache)
        digest = hashlib.sha256()
        with urllib.request.urlopen(URL, timeout=_TIMEOUT) as answer, archive.open("wb") as file:
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != SHA256:
            raise StimulusError(
                f"The archive from {URL} has sha256 {digest.hexdigest()}, expected {SHA256}. {_REMEDIES}"
            )
        with zipfile.ZipFile(archive) as content:
            frames = [name for name in content.namelist() if name.startswith("DAVIS/JPEGImages/480p/")]
            content.extractall(unpacked, frames)
        (unpacked / "DAVIS").replace(cache / "DAVIS")
    except (urllib.error.URLError, OSError, zipfile.BadZipFile) as error:
        raise StimulusError(f"There is no DAVIS here and it could not be downloaded ({error}). {_REMEDIES}") from error
    finally:
        archive.unlink(missing_ok=True)
        shutil.rmtree(unpacked, ignore_errors=True)
