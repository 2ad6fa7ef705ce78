"""DAVIS 2017 (Pont-Tuset et al. 2017): filmed everyday scenes, 480 pixels high, 24 frames per second.

ROOT/JPEGImages/480p/<video>/00000.jpg ... ROOT is simulation.davis_root, else the environment variable DAVIS_ROOT, else
the user's cache, into which the official archive is downloaded once.
"""

import logging
import os
import shutil
import zipfile
from pathlib import Path

from hydra_llm.data.locks import locked
from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.download import Download
from hydra_llm.families.flyvis.stimuli.frames import image_files
from hydra_llm.families.flyvis.stimuli.videos import Video

log = logging.getLogger(__name__)

VARIABLE = "DAVIS_ROOT"
FPS = 24.0
ARCHIVE = Download(
    "https://data.vision.ee.ethz.ch/csergi/share/davis/DAVIS-2017-trainval-480p.zip",
    n_bytes=832_766_765,
    sha256="e3d0b5b77c3d031b000a19e0e25e3e2cac65d183755601bc2cf066df1a2aa492",
)
FRAMES = Path("JPEGImages") / "480p"
_NAMED = 6  # folders that an error lists

_REMEDIES = (
    f"Set simulation.davis_root or the environment variable {VARIABLE} to a folder that holds {FRAMES}, or run once "
    f"with access to {ARCHIVE.url} (0.8 GB). simulation=flyvis_scenes needs no download."
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
    if not any(paths for _, paths in found):
        raise StimulusError(
            f"The folders in {folder} hold no images ({len(found)} folders). Expected one folder of images per video, "
            f"as {folder.name}/VIDEO/frame_0001.png{_where_videos_are(folder)}."
        )
    if not long:
        raise StimulusError(
            f"No video below {folder} has {least_frames} frames or more ({len(found)} folders). Expected one folder of "
            "images per video; lower simulation.video_least_frames if they are short."
        )
    return long


def _where_videos_are(folder: Path) -> str:
    """Which folders further down hold videos, as the end of a sentence."""
    deeper = (path for pattern in ("*/*", "*/*/*") for path in sorted(folder.glob(pattern)) if path.is_dir())
    found = list(dict.fromkeys(str(path.parent) for path in deeper if image_files(path)))
    return f"; there are such folders in {', '.join(found[:_NAMED])}, one of which may be meant" if found else ""


def _download(cache: Path) -> None:
    """Fetch, check and unpack the archive, one process at a time. The tree appears whole or not at all."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / ".davis.lock", f"Another process fetches DAVIS into {cache}; waiting for it ..."):
            if not (cache / "DAVIS" / FRAMES).is_dir():
                _fetch(cache, cache / Path(ARCHIVE.url).name)
    except (OSError, zipfile.BadZipFile) as error:
        raise StimulusError(f"There is no DAVIS here and it could not be downloaded: {error}. {_REMEDIES}") from error


def _fetch(cache: Path, archive: Path) -> None:
    needed, free = ARCHIVE.missing(archive) + 2 * ARCHIVE.n_bytes, shutil.disk_usage(cache).free
    if free < needed:
        raise StimulusError(
            f"DAVIS needs {needed / 1e9:.1f} GB in {cache} while it is unpacked, {free / 1e9:.1f} GB are free. "
            f"{_REMEDIES}"
        )
    log.info("Downloading DAVIS 2017 (0.8 GB) from %s into %s, once ...", ARCHIVE.url, cache)
    ARCHIVE.into(archive)
    unpacked = cache / ".davis.tree"
    shutil.rmtree(unpacked, ignore_errors=True)  # of a process that was killed
    try:
        with zipfile.ZipFile(archive) as content:
            frames = [name for name in content.namelist() if name.startswith("DAVIS/JPEGImages/480p/")]
            content.extractall(unpacked, frames)
        (unpacked / "DAVIS").replace(cache / "DAVIS")
        archive.unlink()
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
