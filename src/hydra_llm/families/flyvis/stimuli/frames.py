"""Image files as grey frames. Grey is 0.299 R + 0.587 G + 0.114 B, in [0, 1]."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from hydra_llm.families.flyvis.stimuli.base import StimulusError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def image_files(folder: Path) -> list[Path]:
    """The images of a folder by name, hidden ones left out."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")


def read_frame(path: Path, largest: int | None = None) -> Tensor:
    """One image [height, width], shrunk to `largest` pixels a side. Raises StimulusError for what is no whole image."""
    try:
        with Image.open(path) as image:
            image.draft("L", image.size)  # a JPEG holds its luma apart: no need to decode colours
            if largest is not None:
                image.thumbnail((largest, largest))
            grey = np.asarray(image.convert("L"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise StimulusError(
            f"The image {path} is damaged or cut off ({error}). Replace it, or remove its video or image."
        ) from error
    return torch.from_numpy(grey.astype(np.float32) / 255)


def read_frames(paths: Sequence[Path]) -> Tensor:
    """A video [frame, height, width]. Raises StimulusError if its frames differ in size."""
    frames = [read_frame(path) for path in paths]
    odd = next((k for k, frame in enumerate(frames) if frame.shape != frames[0].shape), None)
    if odd is not None:
        raise StimulusError(
            f"{paths[odd]} has {tuple(frames[odd].shape)} pixels, the first frame of its video "
            f"{tuple(frames[0].shape)}. All frames of a video need one size."
        )
    return torch.stack(frames)


def listing_hash(root: Path, paths: Sequence[Path]) -> str:
    """Identifies files by their names below `root` and their sizes."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()
