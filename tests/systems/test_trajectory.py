"""Segments and the divergence check."""

import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.systems.base import DivergenceError
from hydra_llm.systems.trajectory import check_finite, segments

LENGTHS = st.integers(2, 60)


@given(LENGTHS, LENGTHS, LENGTHS, st.integers(1, 25))
def test_segments_cover_every_frame_of_every_split_once_and_in_order(train, validation, test, longest):
    n_frames = {"train": train, "validation": validation, "test": test}
    cut = segments(n_frames, longest)
    for split, n in n_frames.items():
        covered = [frame for s in cut if split in s.splits for frame in range(s.start, s.stop)]
        assert covered == list(range(n))
    assert all(0 < s.stop - s.start <= longest for s in cut)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e7])
def test_divergence_names_split_frame_time_and_unit(value):
    activity = torch.zeros((10, 2, 4))
    activity[6, 1, 3] = value
    activity[7:] = math.nan
    with pytest.raises(DivergenceError, match=r"unit 3 of the test trajectory.*frame 106 \(time 1.06\)") as caught:
        check_finite(activity, ("train", "test"), 100, 0.01)
    assert (caught.value.split, caught.value.frame, caught.value.unit) == ("test", 106, 3)


def test_a_bounded_trajectory_passes():
    check_finite(torch.full((5, 1, 3), 1e5), ("train",), 0, 0.01)


def test_divergence_crosses_a_process_boundary():
    error = DivergenceError("train", 5, 0.05, 2, math.inf)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.frame) == (str(error), 5)
