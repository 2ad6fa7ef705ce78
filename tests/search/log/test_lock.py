import itertools
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from hydra_llm.search.log.lock import LOCK_NAME, STALE_AFTER_S, FolderLock, LockedError


def hold(folder, pid, host=None, heartbeat=0.0):
    (folder / LOCK_NAME).write_text(
        json.dumps({"host": host or socket.gethostname(), "pid": pid, "heartbeat": heartbeat})
    )


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_is_gone_after_use(tmp_path):
    with FolderLock(tmp_path) as lock:
        lock.beat()
        assert json.loads((tmp_path / LOCK_NAME).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK_NAME).exists()


def test_a_living_holder_on_this_host_is_respected(tmp_path):
    hold(tmp_path, os.getppid())
    with pytest.raises(LockedError, match=f"process {os.getppid()}"), FolderLock(tmp_path):
        pass


def test_a_dead_holder_on_this_host_is_stale_at_once(tmp_path):
    hold(tmp_path, dead_pid(), heartbeat=1e18)
    with FolderLock(tmp_path):
        assert json.loads((tmp_path / LOCK_NAME).read_text())["pid"] == os.getpid()


def test_a_holder_on_another_host_is_stale_without_a_heartbeat(tmp_path):
    hold(tmp_path, 1, host="elsewhere", heartbeat=1000.0)
    with pytest.raises(LockedError), FolderLock(tmp_path, clock=lambda: 1000.0 + STALE_AFTER_S / 2):
        pass
    with FolderLock(tmp_path, clock=lambda: 1000.0 + 2 * STALE_AFTER_S):
        pass


def test_a_half_written_lock_does_not_block(tmp_path):
    (tmp_path / LOCK_NAME).write_text('{"host": ')
    with FolderLock(tmp_path):
        assert (tmp_path / LOCK_NAME).exists()


def test_a_lock_is_kept_alive_while_its_holder_waits(tmp_path):
    clock = itertools.count()
    with FolderLock(tmp_path, clock=lambda: float(next(clock))) as lock:
        beaten = threading.Event()
        beat = lock.beat
        lock.beat = lambda: (beat(), beaten.set())
        with lock.kept(every_s=0.001):
            assert beaten.wait(30)
        assert json.loads((tmp_path / LOCK_NAME).read_text())["heartbeat"] > 0.0
        assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
