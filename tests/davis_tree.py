"""Small films in the layout of DAVIS, made on the spot."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_davis(root: Path, n_videos: int = 5, n_frames: int = 8, size: tuple[int, int] = (96, 60)) -> Path:
    """A tree at `root`; each video a coloured chessboard of its own that drifts by three pixels per frame."""
    rng = np.random.default_rng(0)
    for k in range(n_videos):
        folder = root / "JPEGImages" / "480p" / f"video-{k}"
        folder.mkdir(parents=True)
        tiles = rng.integers(0, 255, (-(-size[1] // 8), -(-size[0] // 8), 3), dtype=np.uint8)
        image = np.kron(tiles, np.ones((8, 8, 1), dtype=np.uint8))[: size[1], : size[0]]
        for frame in range(n_frames):
            Image.fromarray(np.roll(image, 3 * frame, axis=1)).save(folder / f"{frame:05d}.jpg", quality=95)
    return root
