"""Files that are replaced in one step: whatever happens meanwhile, a reader finds one whole content."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hydra_llm.atomic_write import replacing, write_json, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_and_an_old_file_hold_the_content_and_nothing_else_is_left(tmp_path):
    for content in ("first", "größer als zuvor"):
        write_text(tmp_path / "a.txt", content)
        assert (tmp_path / "a.txt").read_text(encoding="utf-8") == content
    write_json(tmp_path / "b.json", {"b": 1, "a": [None]}, sort_keys=True, indent=1)
    assert (tmp_path / "b.json").read_text() == json.dumps({"a": [None], "b": 1}, indent=1)
    assert names(tmp_path) == ["a.txt", "b.json"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_the_old_file_alone(tmp_path, error):
    write_text(tmp_path / "a.txt", "old")

    def fail_half_way():
        with replacing(tmp_path / "a.txt") as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_content_that_is_no_json_leaves_the_old_file_alone(tmp_path):
    write_json(tmp_path / "a.json", {"value": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"value": object()})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 1}


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file_and_the_next_one_succeeds(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    code = (
        "import os, signal, sys; from pathlib import Path; from hydra_llm.atomic_write import replacing\n"
        "with replacing(Path(sys.argv[1])) as aside:\n"
        "    aside.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode < 0
    assert path.read_text() == "old"
    assert all(name == "a.txt" or name.startswith(".a.txt.") for name in names(tmp_path)), "leftovers are hidden"
    write_text(path, "new")
    assert path.read_text() == "new"


def test_many_writers_and_a_reader_never_meet_half_a_file(tmp_path):
    path = tmp_path / "a.txt"
    contents = [letter * 200_000 for letter in "abcd"]
    write_text(path, contents[0])
    writers = [
        threading.Thread(target=lambda c=content: [write_text(path, c) for _ in range(20)]) for content in contents
    ]
    for writer in writers:
        writer.start()
    read = 0
    while read < 20 or any(writer.is_alive() for writer in writers):
        assert path.read_text() in contents
        read += 1
    for writer in writers:
        writer.join()
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("durable", [False, True])
def test_a_durable_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch, durable):
    steps, rename = [], Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append(os.fstat(descriptor).st_size))
    monkeypatch.setattr(Path, "replace", lambda path, target: steps.append("renamed") or rename(path, target))
    with replacing(tmp_path / "a.txt", durable=durable) as aside:
        aside.write_text("four")
    assert steps == ([4, "renamed"] if durable else ["renamed"])


def test_a_folder_that_does_not_exist_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="none"):
        write_text(tmp_path / "none" / "a.txt", "text")
