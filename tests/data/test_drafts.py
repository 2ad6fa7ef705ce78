"""A simulation that is stopped goes on where it was, and one that cannot fit is not begun."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data import drafts as leftovers_module
from hydra_llm.data.draft import Draft
from hydra_llm.data.drafts import PROGRESS
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.fingerprint import fingerprint
from hydra_llm.data.store import DatasetStore
from hydra_llm.training.simulation import simulate


@pytest.fixture
def store(tmp_path):
    """Flushes after every segment."""
    return DatasetStore(tmp_path / "datasets", flush_interval_s=0.0)


@pytest.fixture
def system(make_flyvis_system):
    """Four training sequences and two of each other split, one per segment."""
    return replace(make_flyvis_system(measurement_noise_level=0.1), segment_bytes=1)


@pytest.fixture
def whole(system, tmp_path):
    return record(system, DatasetStore(tmp_path / "whole"))


def record(system, store):
    return simulate(system, store, writer=DatasetWriter, callbacks=(), enable_progress_bar=False)


def leave(store, system, n_segments):
    """What a process leaves that is killed after n_segments and a half."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run, segments = system.start(), system.segments()
    store.root.mkdir(parents=True, exist_ok=True)
    folder = store.root / f".tmp-{fingerprint(system)}-{socket.gethostname()}-{ended.pid}-00000000"
    draft = Draft(folder, system, fingerprint(system), flush_interval_s=0.0)
    for segment in segments[:n_segments]:
        for recording in run.advance(segment):
            draft.write(recording)
        draft.complete()
    (recording,) = run.advance(segments[n_segments])
    files = draft._files
    files[recording.split, "activity"].append(recording.start, recording.activity.numpy())
    for file in files.values():
        file.abandon()
    return folder


def assert_equal(one, other):
    for split in ("train", "validation", "test"):
        for array in ("activity", "external"):
            np.testing.assert_array_equal(
                getattr(one.observations().split(split), array), getattr(other.observations().split(split), array)
            )
        np.testing.assert_array_equal(one.truth().clean_activity(split), other.truth().clean_activity(split))


@pytest.mark.parametrize("n_segments", [1, 3, 5, 7])
def test_a_killed_simulation_is_continued_number_for_number(n_segments, store, system, whole, monkeypatch):
    leave(store, system, n_segments)
    advanced = []
    run = type(system.start())
    advance = run.advance
    monkeypatch.setattr(run, "advance", lambda self, segment: advanced.append(segment) or advance(self, segment))
    continued = record(system, store)
    assert advanced == list(system.segments()[n_segments:])
    assert_equal(continued, whole)
    assert not (continued.path / PROGRESS).exists()
    assert [path.name for path in store.root.iterdir() if path.name != ".locks"] == [fingerprint(system)]


def stop_after_one(stop, store, system):
    with store.draft(system) as draft:
        for recording in system.start().advance(system.segments()[0]):
            draft.write(recording)
        draft.complete()
        raise stop


@pytest.mark.parametrize(("stop", "kept"), [(KeyboardInterrupt(), 1), (SystemExit(1), 1), (RuntimeError("stop"), 0)])
def test_an_interrupted_simulation_is_kept_and_a_failed_one_is_not(stop, kept, store, system):
    with pytest.raises(type(stop)):
        stop_after_one(stop, store, system)
    assert len(list(store.root.glob(f".tmp-*/{PROGRESS}"))) == kept


def test_a_draft_of_another_torch_is_not_continued(store, system, whole):
    folder = leave(store, system, 2)
    progress = json.loads((folder / PROGRESS).read_text())
    (folder / PROGRESS).write_text(json.dumps({**progress, "torch": "0.1"}))
    assert_equal(record(system, store), whole)
    assert not folder.exists()


def test_a_draft_that_nobody_continues_goes_after_a_week(store, system):
    folder = leave(store, system, 2)
    store.clean()
    assert folder.exists()
    long_ago = time.time() - leftovers_module._LONG - 1
    os.utime(folder, (long_ago, long_ago))
    store.clean()
    assert not folder.exists()


def test_a_draft_of_a_living_process_is_left_alone(store, system, whole):
    folder = leave(store, system, 2)
    alive = folder.with_name(f".tmp-{fingerprint(system)}-{socket.gethostname()}-{os.getpid()}-00000000")
    folder.rename(alive)
    assert_equal(record(system, store), whole)
    assert alive.exists()


def test_a_recording_that_does_not_fit_is_not_begun(store, system, monkeypatch):
    needed = sum(system.n_frames.values()) * sum(system.arrays().values()) * 4
    usage = shutil.disk_usage(store.root.parent)
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr("hydra_llm.data.store.shutil.disk_usage", lambda path, free=free: usage._replace(free=free))
        if fits:
            record(system, store)
            shutil.rmtree(store.root)
        else:
            with pytest.raises(DatasetError, match=r"The recording needs 0\.00 GB .* are free\. Record fewer frames"):
                record(system, store)
            assert list(store.root.glob(".tmp-*")) == []
