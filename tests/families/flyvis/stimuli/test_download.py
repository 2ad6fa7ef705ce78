"""A file from a server on this machine: whole, cut, resumed, refused."""

import logging
from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.stimuli.download import DownloadError

CONTENT = bytes(range(256)) * 4000  # 1 MB


@pytest.fixture
def place(tmp_path):
    return tmp_path / "official.zip"


def test_a_file_arrives_whole_and_nothing_else_is_left(file_server, place):
    file_server(CONTENT).download.into(place)
    assert place.read_bytes() == CONTENT
    assert list(place.parent.iterdir()) == [place]


def test_an_answer_that_breaks_off_is_asked_for_its_rest_at_once(file_server, place):
    server = file_server(CONTENT, cut_after=300_000, cuts=2)
    server.download.into(place)
    assert place.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=600000-"]


def test_a_later_run_goes_on_where_an_earlier_one_was_killed(file_server, place):
    place.with_name("official.zip.part").write_bytes(CONTENT[:700_000])
    server = file_server(CONTENT)
    assert server.download.missing(place) == len(CONTENT) - 700_000
    server.download.into(place)
    assert place.read_bytes() == CONTENT
    assert server.ranges == ["bytes=700000-"]


def test_a_server_without_ranges_sends_all_of_it_again(file_server, place):
    server = file_server(CONTENT, cut_after=300_000, knows_ranges=False)
    server.download.into(place)
    assert place.read_bytes() == CONTENT
    assert len(server.ranges) == 2


def test_a_server_that_never_gets_further_ends_with_what_is_kept(file_server, place):
    server = file_server(CONTENT, cut_after=300_000, cuts=None, knows_ranges=False)
    with pytest.raises(DownloadError, match=r"sent 0 of 1 MB and no more; they are kept, and the same command goes on"):
        server.download.into(place)
    assert place.with_name("official.zip.part").stat().st_size == 300_000
    assert not place.exists()


def test_another_content_is_deleted(file_server, place):
    wrong = replace(file_server(CONTENT).download, sha256="0" * 64)
    with pytest.raises(DownloadError, match=r"has sha256 \w+, expected 0+; it was deleted"):
        wrong.into(place)
    assert list(place.parent.iterdir()) == []


def test_a_file_that_is_here_is_not_asked_for(file_server, place):
    place.write_bytes(CONTENT)
    server = file_server(CONTENT)
    server.download.into(place)
    assert server.download.missing(place) == 0
    assert server.ranges == []


def test_without_a_terminal_every_tenth_is_a_line(file_server, place, caplog):
    caplog.set_level(logging.INFO)
    file_server(CONTENT * 20).download.into(place)
    said = [line for line in caplog.messages if line.endswith("MB are here.")]
    assert said[0] == "2 of 20 MB are here."
    assert said[-1] == "20 of 20 MB are here."
    assert len(said) == 10
