"""A recording stands in the place of a simulated system: its arrays, its address, and what is known beside it."""

import shutil

import numpy as np
import pytest
import torch

from hydra_llm.data.fingerprint import fingerprint
from hydra_llm.families.signal.recorded.system import recorded_network

U = np.random.default_rng(0).standard_normal((400, 4))


@pytest.fixture
def path(tmp_path):
    activity = U.copy()
    activity[:, 1] = 3.0  # a dead channel
    np.savez(tmp_path / "a.npz", activity=activity, delta_t=0.1, stimulus=np.sin(U))
    return tmp_path / "a.npz"


def test_what_is_handed_on_is_the_recording_without_its_dead_channel(path):
    network = recorded_network(path=str(path))
    replay = network.start()
    found = [one for segment in network.segments() for one in replay.advance(segment) if one.split == "train"]
    activity = torch.cat([one.activity for one in found])
    external = torch.cat([one.external for one in found if one.external is not None])
    np.testing.assert_array_equal(activity.numpy(), U[:280][:, [0, 2, 3]])
    np.testing.assert_array_equal(external.numpy(), np.sin(U)[:280][:, [0, 2, 3]])
    assert dict(network.n_frames) == {"train": 280, "validation": 60, "test": 60}
    assert network.observation_meta()["external_input_mode"] == "additive"
    assert network.truth() == {}


def test_known_synapses_and_true_weights_lose_the_dead_channel_too_and_only_synapses_are_shown_to_a_fit(path):
    W = np.arange(16.0).reshape(4, 4)
    np.save(path.with_name("w.npy"), W)
    files = {"graph_path": str(path.with_name("w.npy")), "truth_path": str(path.with_name("w.npy"))}
    network = recorded_network(path=str(path), **files)
    kept = torch.from_numpy(W[np.ix_([0, 2, 3], [0, 2, 3])])
    assert torch.equal(network.truth()["connectivity"], kept)
    assert torch.equal(network.structure()["synapses"], (kept != 0).fill_diagonal_(False))
    assert "connectivity" not in network.structure()


def test_a_recording_is_addressed_by_what_its_file_holds_and_not_by_where_it_lies(path):
    first = fingerprint(recorded_network(path=str(path)))
    shutil.copy(path, path.with_name("b.npz"))
    assert fingerprint(recorded_network(path=str(path.with_name("b.npz")))) == first
    np.savez(path, activity=U, delta_t=0.1)
    assert fingerprint(recorded_network(path=str(path))) != first
    assert fingerprint(recorded_network(path=str(path.with_name("b.npz")), test_share=0.2)) != first


def test_stretches_of_a_split_are_told_where_they_begin(path):
    activity = U.copy()
    activity[100] = np.nan
    np.savez(path, activity=activity, delta_t=0.1)
    assert recorded_network(path=str(path)).structure()["sequence_start_train"].tolist() == [0, 100]


def test_an_unknown_key_and_two_ways_to_name_sessions_are_refused(path):
    with pytest.raises(ValueError, match="no key 'pathh'"):
        recorded_network(pathh=str(path))
    with pytest.raises(ValueError, match="Give one of the two"):
        recorded_network(path=[str(path), str(path)], groups=["monday"])


def test_a_session_that_is_given_twice_is_refused(path):
    with pytest.raises(ValueError, match=f"Every session may be given once, and {path} is given twice"):
        recorded_network(path=[str(path), str(path)])
