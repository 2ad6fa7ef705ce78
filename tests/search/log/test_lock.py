import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest

from hydra_llm.search.log.lock import LOCK_NAME, FolderLock, LockedError, holder

HOLD = """
import sys, time
from pathlib import Path
from hydra_llm.search.log.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
RACE = """
import os, sys
from pathlib import Path
from hydra_llm.search.log.lock import FolderLock, LockedError
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with FolderLock(folder):
        print("in", flush=True)
        sys.stdin.readline()
except LockedError:
    print("out", flush=True)
"""


def start(code, folder):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line_of(process):
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture
def held(tmp_path):
    """A process that holds the lock of the folder until its input closes."""
    process = start(HOLD, tmp_path)
    assert line_of(process) == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path, held):
    with pytest.raises(LockedError, match=f"in use by process {held.pid} on "), FolderLock(tmp_path):
        pass
    assert holder(tmp_path).startswith(f"{held.pid} on ")


def test_a_silent_holder_keeps_its_lock_however_old_the_file_is(tmp_path, held):
    os.utime(tmp_path / LOCK_NAME, (0, 0))
    with pytest.raises(LockedError), FolderLock(tmp_path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path, held):
    held.kill()
    held.wait()
    assert holder(tmp_path) == ""
    with FolderLock(tmp_path):
        assert holder(tmp_path).startswith(f"{os.getpid()} on ")
    assert holder(tmp_path) == ""


@pytest.mark.parametrize("text", ["", '{"host": "elsewhere", "pid": 1, "heartbeat": 1e18}', f"{os.getppid()} on here"])
def test_what_the_file_says_does_not_lock(tmp_path, text):
    (tmp_path / LOCK_NAME).write_text(text)
    assert holder(tmp_path) == ""
    with FolderLock(tmp_path):
        pass


def test_of_several_writers_at_what_a_dead_one_left_one_gets_in(tmp_path):
    (tmp_path / LOCK_NAME).write_text("1 on elsewhere\n")
    processes = [start(RACE, tmp_path) for _ in range(3)]
    for process in processes:
        assert line_of(process) == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert sorted(line_of(process) for process in processes) == ["in\n", "out\n", "out\n"]
    for process in processes:
        process.communicate("\n")


def test_a_forked_process_that_goes_on_does_not_keep_the_lock(tmp_path):
    with FolderLock(tmp_path):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:  # lives until the pipe closes
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
        time.sleep(0.05)
    try:
        with FolderLock(tmp_path):
            pass
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def test_a_file_system_without_locks_gets_a_sentence(tmp_path, monkeypatch, caplog):
    def flock(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with FolderLock(tmp_path):
        assert "has no locks (No locks available): make sure that no second command" in caplog.text


def test_a_folder_without_room_is_a_sentence(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(LockedError, match="No space left on device"), FolderLock(tmp_path):
        pass
