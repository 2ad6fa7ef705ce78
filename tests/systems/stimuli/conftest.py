"""Films and photographs made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hydra_llm.systems.hex_lattice import HexLattice
from hydra_llm.systems.stimuli.build import Filming, build_stimulus


@pytest.fixture
def lattice() -> HexLattice:
    return HexLattice(2)


@pytest.fixture
def make_davis(tmp_path) -> Callable[..., Path]:
    """A tree in DAVIS layout; each video a drifting pattern in colours, name by name."""

    def make(n_videos: int = 5, n_frames: int = 8, size: tuple[int, int] = (96, 60), name: str = "DAVIS") -> Path:
        rng = np.random.default_rng(0)
        for k in range(n_videos):
            folder = tmp_path / name / "JPEGImages" / "480p" / f"video-{k}"
            folder.mkdir(parents=True)
            tiles = rng.integers(0, 255, (-(-size[1] // 8), -(-size[0] // 8), 3), dtype=np.uint8)
            image = np.kron(tiles, np.ones((8, 8, 1), dtype=np.uint8))[: size[1], : size[0]]
            for frame in range(n_frames):
                Image.fromarray(np.roll(image, 3 * frame, axis=1)).save(folder / f"{frame:05d}.jpg", quality=95)
        return tmp_path / name

    return make


@pytest.fixture
def make_stimulus(lattice, tmp_path):
    """build_stimulus() with small films allowed."""

    def make(kind: str, *, delta_t: float = 0.02, duration: float = 0.4, seed: int = 0, **filming):
        settings = {
            "davis_root": None,
            "stimulus_folder": None,
            "video_fps": 24.0,
            "video_least_frames": 4,
            "video_most_frames": 80,
            "pixels_per_column": 13,
            "vertical_splits": 1,
            "flip_axes": [0],
            "n_rotations": [0],
        }
        return build_stimulus(
            kind,
            lattice=lattice,
            delta_t=delta_t,
            seed=seed,
            sequence_duration=duration,
            filming=Filming(**{**settings, **filming}),
            cache=tmp_path / "cache",
        )

    return make
