"""Films and photographs made on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest

from davis_tree import write_davis
from hydra_llm.families.flyvis.stimuli.build import Filming, build_stimulus
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@pytest.fixture
def lattice() -> HexLattice:
    return HexLattice(2)


@pytest.fixture
def make_davis(tmp_path) -> Callable[..., Path]:
    """write_davis(**what) below tmp_path; two trees need two names."""
    return lambda name="DAVIS", **what: write_davis(tmp_path / name, **what)


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
