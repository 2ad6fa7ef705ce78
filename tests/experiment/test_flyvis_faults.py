"""What can be missing or wrong before the eye is simulated: each a sentence, none a traceback or a late surprise."""

import shutil

import pytest
from PIL import Image

from davis_tree import write_davis

FRAMES = "JPEGImages/480p"


@pytest.fixture
def run_eye(run_tiny, tiny_connectome):
    """run_eye(regime, *overrides): a run on the tiny connectome."""
    return lambda regime, *overrides: run_tiny(
        f"simulation={regime}", f"simulation.connectome={tiny_connectome}", *overrides
    )


@pytest.fixture
def nothing_is_simulated(monkeypatch):
    """A frame that is integrated is a failure of the test."""
    from hydra_llm.families.flyvis.system.run import FlyvisRun

    def advance(self, segment):
        raise AssertionError("simulated before the fault was told")

    monkeypatch.setattr(FlyvisRun, "advance", advance)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    import urllib.error
    import urllib.request

    from hydra_llm.families.flyvis.stimuli import davis
    from hydra_llm.families.flyvis.system import source

    def unreachable(*_, **__):
        raise urllib.error.URLError("no route to host")

    def no_pip(command, **_):
        raise OSError("no route to host")

    monkeypatch.delenv(davis.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(source.subprocess, "run", no_pip)
    monkeypatch.setattr(source.importlib.util, "find_spec", lambda name: None)


pytestmark = pytest.mark.usefixtures("nothing_is_simulated", "no_network")


def test_without_davis_both_remedies_are_named(run_eye):
    with pytest.raises(ValueError, match=r"no route to host.*simulation\.davis_root.*DAVIS_ROOT.*https://"):
        run_eye("flyvis_davis")


def test_without_a_connectome_the_remedies_are_named(run_tiny):
    with pytest.raises(ValueError, match=r"no route to host.*simulation\.connectome=.*pip install"):
        run_tiny("simulation=flyvis_scenes")


def test_a_corrupt_jpeg_is_named(run_eye, tmp_path):
    root = write_davis(tmp_path / "DAVIS")
    for victim in (root / FRAMES).rglob("00002.jpg"):
        victim.write_bytes(victim.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"00002\.jpg is damaged or cut off"):
        run_eye("flyvis_davis", f"simulation.davis_root={root}")


def test_an_empty_folder_is_named(run_eye, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="empty holds neither images nor folders"):
        run_eye("flyvis_scenes", "simulation.visual_input_type=folder", f"simulation.stimulus_folder={empty}")
    Image.new("L", (9, 9)).save(empty / "alone.png")
    with pytest.raises(ValueError, match=r"There must be at least 3 photographs,.*got 1"):
        run_eye("flyvis_scenes", "simulation.visual_input_type=folder", f"simulation.stimulus_folder={empty}")


def test_a_checkpoint_of_another_network_is_named(trained_network, run_eye):
    with pytest.raises(ValueError, match="belongs to another network"):
        run_eye("flyvis_scenes", f"simulation.parameters={trained_network}")


def test_an_extent_of_zero_is_refused(run_eye):
    with pytest.raises(ValueError, match=r"simulation.extent must be at least 1 \(columns\), got 0"):
        run_eye("flyvis_scenes", "simulation.extent=0")


def test_too_little_disk_is_told(run_eye, monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("hydra_llm.data.store.shutil.disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(RuntimeError, match=r"The recording needs .* GB in .*datasets, 0\.00 GB are free"):
        run_eye("flyvis_scenes")


def test_an_unstable_step_is_refused(run_eye):
    with pytest.raises(ValueError, match="Choose substeps >="):
        run_eye("flyvis_scenes", "simulation.delta_t=0.05", "simulation.substeps=1", "simulation.seed=1")
