"""Datasets on disk: addressed by content, whole or absent, and the truth out of reach of a reader of observations."""

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from hydra_llm.data import fingerprint as fingerprint_module
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.fingerprint import SCHEMA, fingerprint, simulator_version, source_hash
from hydra_llm.data.observations import Observations
from hydra_llm.data.store import DatasetStore, find_fault
from hydra_llm.data.truth import Truth
from hydra_llm.systems.measurement import pooled_spread


def fill(draft, system):
    run = system.start()
    for segment in system.segments():
        write_all(draft, run.advance(segment))


def write_all(draft, recordings):
    for recording in recordings:
        draft.write(recording)


@pytest.fixture
def system(make_signal_system):
    return make_signal_system(
        measurement_noise_level=0.1, external_input_type="oscillatory", external_input_mode="additive"
    )


@pytest.fixture
def store(tmp_path):
    return DatasetStore(tmp_path / "datasets")


@pytest.fixture
def dataset(store, system):
    with store.draft(system) as draft:
        fill(draft, system)
    return store.find(system)


def test_what_was_simulated_is_what_is_read(dataset, system, simulate_signal):
    expected, observations, truth = simulate_signal(system), dataset.observations(), dataset.truth()
    for name in ("train", "validation", "test"):
        split = observations.split(name)
        for array in ("activity", "external"):
            np.testing.assert_array_equal(getattr(split, array), expected[name][array].numpy())
        np.testing.assert_array_equal(truth.clean_activity(name), expected[name]["clean_activity"].numpy())
    for name, tensor in system.truth().items():
        assert torch.equal(truth[name], torch.atleast_1d(tensor))
    assert observations.meta["delta_t"] == 0.01
    assert (truth.meta["phi"], truth.meta["measurement_noise_level"]) == ("tanh", 0.1)
    spread = pooled_spread([expected["train"]["clean_activity"]])
    assert truth.meta["measurement_noise_sd"] == pytest.approx(0.1 * spread, rel=1e-4)


def test_observations_say_nothing_of_noise_integrator_or_drift(dataset):
    told = {path.name for path in (dataset.path / "observations").rglob("*")} | set(dataset.observations().meta)
    assert not any(word in name for name in told for word in ("noise", "integrator", "substeps", "drift", "clean"))


def test_the_oracle_derivative_is_written_where_it_is_asked_for(dataset, store, system):
    with pytest.raises(DatasetError, match=r"no oracle derivative.*training\.target=drift"):
        dataset.oracle()
    drift = store.add_oracle(system).oracle().drift("validation")
    split = dataset.observations().split("validation")
    expected = system.drift(torch.tensor(dataset.states("validation")), torch.tensor(split.external))
    np.testing.assert_array_equal(drift, expected.numpy())
    assert not np.array_equal(dataset.states("validation"), split.activity)  # the true states, without the noise
    assert [path.name for path in store.root.iterdir() if path.name != ".locks"] == [dataset.fingerprint]


def test_an_oracle_that_cannot_be_read_is_written_anew_with_the_same_numbers(dataset, store, system):
    first = np.array(store.add_oracle(system).oracle().drift("train"))
    target = dataset.path / "oracle" / "train" / "drift.npy"
    target.write_bytes(target.read_bytes()[:-100])
    np.testing.assert_array_equal(store.add_oracle(system).oracle().drift("train"), first)


def test_a_dataset_of_another_layout_counts_as_none(dataset, store, system, caplog):
    record = dataset.path / "record.json"
    record.write_text(record.read_text().replace(f'"schema": {SCHEMA}', '"schema": 1'))
    assert store.find(system) is None
    assert "laid out as schema 1" in caplog.text


def test_observations_open_with_the_truth_deleted(dataset):
    shutil.rmtree(dataset.path / "truth")
    assert dataset.observations().split("train").n_frames == 1500
    with pytest.raises(DatasetError, match=r"truth.*does not exist"):
        dataset.truth()


def test_arrays_are_memory_mapped_and_cannot_be_changed(dataset):
    activity = dataset.observations().split("train").activity
    assert isinstance(activity, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        activity[0, 0] = 1


def test_no_noise_no_input_no_files_for_them(store, make_signal_system):
    system = make_signal_system()
    with store.draft(system) as draft:
        fill(draft, system)
    path = store.path(system)
    assert {file.name for file in path.rglob("*.npy")} & {"external.npy", "clean_activity.npy"} == set()
    assert store.find(system).observations().split("test").external is None


@pytest.mark.parametrize("keys", [{"seed": 1}, {"gain": 3.0}, {"dtype": "float64"}, {"n_frames": 1501}])
def test_the_fingerprint_changes_with_whatever_changes_the_numbers(make_signal_system, keys):
    assert fingerprint(make_signal_system(**keys)) != fingerprint(make_signal_system())
    assert fingerprint(make_signal_system()) == fingerprint(make_signal_system())


def test_the_fingerprint_changes_with_the_code_of_the_simulator(make_signal_system, monkeypatch):
    before = fingerprint(make_signal_system())
    monkeypatch.setattr(fingerprint_module, "source_hash", lambda *folders: "another version")
    assert fingerprint(make_signal_system()) != before


def test_the_code_of_a_simulator_is_the_shared_one_and_that_of_its_family(make_signal_system, make_metabolism_system):
    one, other = make_signal_system(), make_metabolism_system()
    assert simulator_version(one) == source_hash("systems", "families/signal/system")
    assert len({simulator_version(one), simulator_version(other), source_hash("systems")}) == 3


def test_a_failed_draft_leaves_nothing(store, system):
    with pytest.raises(RuntimeError, match="stop"), store.draft(system):
        raise RuntimeError("stop")
    assert store.find(system) is None
    assert [path.name for path in store.root.iterdir()] == []


def test_a_draft_that_lacks_frames_is_not_put_in_place(store, system):
    run = system.start()
    first = run.advance(system.segments()[0])
    with pytest.raises(DatasetError, match="ended after 300 of 1500 frames"), store.draft(system) as draft:
        write_all(draft, first)
    assert store.find(system) is None


def test_frames_out_of_order_are_refused(store, system):
    run = system.start()
    first = run.advance(system.segments()[0])
    with pytest.raises(DatasetError, match="in order"), store.draft(system) as draft:
        write_all(draft, [first[0], first[0]])


@pytest.mark.parametrize("damage", ["no record", "cut record", "no file", "cut file"])
def test_a_damaged_dataset_is_recognised_set_aside_and_written_anew(dataset, store, system, damage, caplog):
    target = dataset.path / ("record.json" if "record" in damage else "observations/train/activity.npy")
    if damage.startswith("no"):
        target.unlink()
    else:
        target.write_bytes(target.read_bytes()[:-100])
    assert store.find(system) is None
    assert "incomplete" in caplog.text
    with store.draft(system) as draft:
        fill(draft, system)
    assert find_fault(store.path(system)) is None
    assert len(list(store.root.glob("*.incomplete-*"))) == 1


def test_a_cut_off_array_is_a_sentence(dataset):
    target = dataset.path / "observations" / "train" / "activity.npy"
    target.write_bytes(target.read_bytes()[:-100])
    with pytest.raises(DatasetError, match=r"activity\.npy is cut off or damaged"):
        dataset.observations().split("train")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_by_split_frame_and_neuron(dataset, value):
    target = dataset.path / "observations" / "validation" / "activity.npy"
    activity = np.load(target)
    activity[17, 3] = value
    np.save(target, activity)
    with pytest.raises(DatasetError, match=r"activity of the validation split .* at frame 17, neuron 3"):
        dataset.observations().split("validation")


def test_an_unknown_split_lists_the_known_ones(dataset):
    with pytest.raises(DatasetError, match="train"):
        dataset.observations().split("val")


def test_a_folder_that_is_no_dataset_is_a_sentence(tmp_path):
    for part in (Observations, Truth):
        with pytest.raises(DatasetError, match="incomplete"):
            part.open(tmp_path)


def test_a_root_that_cannot_be_written_is_a_sentence(tmp_path, system):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot be written"), DatasetStore(tmp_path / "file").draft(system):
        pass


def test_leftovers_of_dead_processes_are_removed_and_those_of_live_ones_stay(store, system):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store.root.mkdir(parents=True)
    host = socket.gethostname()
    dead = store.root / f".tmp-abc-{host}-{ended.pid}-00000000"
    alive = store.root / f".tmp-abc-{host}-{os.getpid()}-00000000"
    foreign = store.root / ".tmp-abc-elsewhere-1-00000000"
    for path in (dead, alive, foreign):
        path.mkdir()
    store.clean()
    assert (dead.exists(), alive.exists(), foreign.exists()) == (False, True, True)


def write_when_told(root, system, barrier):
    store = DatasetStore(root)
    barrier.wait()
    with store.draft(system) as draft:  # no lock: both write
        fill(draft, system)


def test_two_writers_of_one_dataset_share_it(store, system):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    writers = [context.Process(target=write_when_told, args=(store.root, system, barrier)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert store.find(system) is not None
    assert [path.name for path in store.root.iterdir()] == [fingerprint(system)]


def write_and_hang(root, system):
    with DatasetStore(root).lock(system), DatasetStore(root).draft(system) as draft:
        for recording in system.start().advance(system.segments()[0]):
            draft.write(recording)
        time.sleep(60)


def test_a_killed_writer_leaves_no_dataset_and_does_not_block_the_next(store, system):
    writer = multiprocessing.get_context("spawn").Process(target=write_and_hang, args=(store.root, system))
    writer.start()
    deadline = time.monotonic() + 30
    while not list(store.root.glob(".tmp-*/observations")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    assert store.find(system) is None
    with store.lock(system), store.draft(system) as draft:
        fill(draft, system)
    assert store.find(system) is not None
    assert list(store.root.glob(".tmp-*")) == []
