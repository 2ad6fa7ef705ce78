"""Published networks by name: where flyvis keeps them, and a sentence where they are not."""

import logging

import pytest

from hydra_llm.families.flyvis.system.parameters import CheckpointError
from hydra_llm.families.flyvis.system.trained_network import CHECKPOINT, ROOT, find_trained_network


def downloaded(folder):
    """An empty file where flyvis unpacks flow/0000/000."""
    place = folder / "results" / "flow" / "0000" / "000" / CHECKPOINT
    place.parent.mkdir(parents=True)
    place.touch()
    return place


def test_a_published_network_lies_in_the_folder_that_flyvis_was_told(tmp_path, monkeypatch):
    place = downloaded(tmp_path)
    monkeypatch.setenv(ROOT, str(tmp_path))
    assert find_trained_network("flow/0000/000") == place


def test_a_published_network_lies_in_an_installed_flyvis(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "flyvis"
    place = downloaded(package / "data")
    (package / "__init__.py").touch()
    monkeypatch.delenv(ROOT, raising=False)
    monkeypatch.syspath_prepend(package.parent)
    assert find_trained_network("flow/0000/000") == place


def test_one_that_is_not_here_is_a_sentence_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv(ROOT, str(tmp_path))
    with pytest.raises(CheckpointError, match=r"flow/0000/017 is .* not here .*download-pretrained"):
        find_trained_network("flow/0000/017")


def test_anything_else_is_a_path(tmp_path):
    assert find_trained_network(str(tmp_path / "mine.pt")) == tmp_path / "mine.pt"


def test_a_run_says_which_eye_it_fits(make_flyvis_system, caplog):
    with caplog.at_level(logging.INFO):
        make_flyvis_system(parameters="varied")
    assert "neurons, parameters varied." in caplog.text
