"""Films and photographs made on the spot."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from davis_tree import write_davis
from file_server import FileServer
from hydra_llm.families.flyvis.config import FlyvisSimulation
from hydra_llm.families.flyvis.stimuli.build import build_stimulus
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@pytest.fixture
def lattice() -> HexLattice:
    return HexLattice(2)


@pytest.fixture
def make_davis(tmp_path) -> Callable[..., Path]:
    """write_davis(**what) below tmp_path; two trees need two names."""
    return lambda name="DAVIS", **what: write_davis(tmp_path / name, **what)


@pytest.fixture
def make_stimulus(tmp_path):
    """build_stimulus() with small films allowed."""

    def make(kind: str, *, duration: float = 0.4, seed: int = 0, **keys):
        keys = {"extent": 2, "video_least_frames": 4, "flip_axes": [0], "n_rotations": [0], **keys}
        config = FlyvisSimulation(visual_input_type=kind, sequence_duration=duration, seed=seed, **keys)
        return build_stimulus(config, tmp_path / "cache")

    return make


@pytest.fixture
def file_server() -> Iterator[Callable[..., FileServer]]:
    """FileServer(content, **behaviour), closed when the test ends."""
    running: list[FileServer] = []

    def start(content: bytes, **behaviour) -> FileServer:
        running.append(FileServer(content, **behaviour))
        return running[-1]

    yield start
    for server in running:
        server.close()
