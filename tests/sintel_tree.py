"""Small films in the layout of MPI Sintel, made on the spot."""

from pathlib import Path

import numpy as np
from PIL import Image

SCENES = ("alley_1", "ambush_2", "bamboo_1", "cave_2")


def write_sintel(root: Path, n_frames: int = 8, size: tuple[int, int] = (96, 60)) -> Path:
    """training/clean, training/final and test/clean with images; training/flow with files that are no images."""
    rng = np.random.default_rng(0)
    for scene in SCENES:
        tiles = rng.integers(0, 255, (-(-size[1] // 8), -(-size[0] // 8), 3), dtype=np.uint8)
        image = np.kron(tiles, np.ones((8, 8, 1), dtype=np.uint8))[: size[1], : size[0]]
        for part in ("training/clean", "training/final", "test/clean"):
            folder = root / part / scene
            folder.mkdir(parents=True)
            for frame in range(n_frames):
                Image.fromarray(np.roll(image, 3 * frame, axis=1)).save(folder / f"frame_{frame + 1:04d}.png")
        flow = root / "training" / "flow" / scene
        flow.mkdir(parents=True)
        (flow / "frame_0001.flo").write_bytes(b"PIEH")
    return root
