"""From films to metrics: DAVIS downloaded in pieces and the fly fitted to what it saw, Sintel by path."""

import math
import zipfile

import pytest

from davis_tree import write_davis
from file_server import FileServer
from sintel_tree import write_sintel

RECIPE = (  # the default recipe on 120 frames
    "training.projection_iterations=3",
    "training.projection_frames=60",
    "training.projection_screening_iterations=1",
    "training.flow_rounds=1",
)


@pytest.fixture
def archive(tmp_path):
    """Bytes in the layout of the official archive."""
    root, packed = write_davis(tmp_path / "tree"), tmp_path / "davis.zip"
    with zipfile.ZipFile(packed, "w") as content:
        for path in sorted(root.rglob("*.jpg")):
            content.write(path, f"DAVIS/{path.relative_to(root)}")
    return packed.read_bytes()


@pytest.fixture
def served(monkeypatch, tmp_path):
    """served(content, **behaviour): a server of DAVIS on this machine; nothing else has a tree."""
    from hydra_llm.families.flyvis.stimuli import davis

    monkeypatch.delenv(davis.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    running = []

    def start(content, **behaviour):
        running.append(FileServer(content, **behaviour))
        monkeypatch.setattr(davis, "ARCHIVE", running[-1].download)
        return running[-1]

    yield start
    for server in running:
        server.close()


def test_a_cut_download_goes_on_in_the_next_run_which_trains_on_the_films(
    archive, served, run_tiny, tiny_connectome, tmp_path
):
    command = ("simulation=flyvis_davis", f"simulation.connectome={tiny_connectome}", *RECIPE)
    half = len(archive) // 2
    served(archive, cut_after=half, cuts=None, knows_ranges=False)
    with pytest.raises(ValueError, match=r"they are kept, and the same command goes on from there"):
        run_tiny(*command)
    assert not (tmp_path / "run" / "metrics.json").exists()

    server = served(archive)
    metrics = run_tiny(*command)
    assert server.ranges == [f"bytes={half}-"], "only the rest is asked for"
    assert (tmp_path / "run" / "metrics.json").is_file()
    for name in ("connectivity_R2", "tau_R2", "V_rest_R2", "oracle_connectivity_R2"):
        assert math.isfinite(metrics[name])

    assert run_tiny(*command, folder="again")["connectivity_R2"] == metrics["connectivity_R2"]
    assert len(server.ranges) == 1, "films that are here are not asked for"


def test_the_fly_is_fitted_to_scenes_of_sintel_by_path(run_tiny, tiny_connectome, tmp_path):
    folder = write_sintel(tmp_path / "MPI-Sintel") / "training" / "clean"
    metrics = run_tiny(
        "simulation=flyvis_scenes",
        "simulation.visual_input_type=folder",
        f"simulation.stimulus_folder={folder}",
        f"simulation.connectome={tiny_connectome}",
        *RECIPE,
    )
    assert math.isfinite(metrics["connectivity_R2"])
