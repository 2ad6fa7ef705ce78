"""Frames that a fit learns from."""

import numpy as np
import pytest
import torch

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.data.windows import frames_of


@pytest.mark.parametrize(("order", "kept"), [("forward", 8), ("central", 6)])
def test_no_difference_is_taken_across_the_start_of_a_sequence(order, kept):
    """Two sequences of five frames that count up, with a jump of 95 between them."""
    counts = np.concatenate([np.arange(5.0), 100 + np.arange(5.0)])[:, None]
    split = RecordedSplit("train", counts, counts, 2 * counts)
    frames = frames_of(split, "finite_difference", order, 0.5, torch.tensor([0, 5]))
    assert frames.n_frames == kept
    assert torch.equal(frames.target, torch.full((kept, 1), 2.0, dtype=torch.float64))
    assert frames.external is not None
    assert torch.equal(frames.external, 2 * frames.activity)
    assert frames_of(split, "drift", order, 0.5, torch.tensor([0, 5])).n_frames == 10
