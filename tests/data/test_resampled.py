"""A recording with its training frames resampled in blocks."""

import numpy as np
import pytest

from hydra_llm.data.observations import Observations
from hydra_llm.data.resampled import BLOCKS, resampled
from hydra_llm.data.store import DatasetStore


@pytest.fixture
def dataset(make_signal_system, tmp_path):
    system = make_signal_system(external_input_type="oscillatory", external_input_mode="additive")
    store = DatasetStore(tmp_path / "datasets")
    with store.draft(system) as draft:
        run = system.start()
        for segment in system.segments():
            for recording in run.advance(segment):
                draft.write(recording)
    return store.find(system)


def test_blocks_of_training_frames_are_drawn_again_and_nothing_else_changes(dataset, tmp_path):
    after = resampled(dataset.path, tmp_path / "drawn", np.random.default_rng(0))
    whole, drawn = Observations.open(dataset.path), Observations.open(after)
    before, train = whole.split("train"), drawn.split("train")
    starts = drawn.structure("sequence_start_train").tolist()
    assert 1 < len(starts) <= BLOCKS
    origins = []
    for start, stop in zip(starts, [*starts[1:], train.n_frames], strict=True):
        first = int(np.flatnonzero((before.activity == train.activity[start]).all(axis=1))[0])
        own = slice(first, first + stop - start)
        np.testing.assert_array_equal(train.activity[start:stop], before.activity[own])
        np.testing.assert_array_equal(train.external[start:stop], before.external[own])
        origins.append(first)
    assert len(set(origins)) < len(origins)  # some are drawn twice, and others are not drawn
    np.testing.assert_array_equal(drawn.split("test").activity, whole.split("test").activity)


def test_the_dataset_itself_stays_as_it_is(dataset, tmp_path):
    kept = {path: path.read_bytes() for path in dataset.path.rglob("*") if path.is_file()}
    resampled(
        resampled(dataset.path, tmp_path / "one", np.random.default_rng(0)), tmp_path / "two", np.random.default_rng(1)
    )
    assert {path: path.read_bytes() for path in dataset.path.rglob("*") if path.is_file()} == kept
    assert not (tmp_path / "one" / "truth").exists()
