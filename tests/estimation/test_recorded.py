"""Parts of a recorded trajectory."""

import torch

from hydra_llm.estimation.recorded import Recorded


def test_a_part_restarts_where_the_whole_does_and_at_its_own_first_frame(record):
    whole = record(40, sequence=10, driven=True)
    part = whole.part(slice(15, 33))
    assert (part.activity == whole.activity[15:33]).all()
    assert (part.external == whole.external[15:33]).all()
    assert part.sequence_start.tolist() == [0, 5, 15]


def test_a_part_of_one_trajectory_is_one_trajectory(record):
    assert record(40).part(slice(15, 33)).sequence_start is None


def test_all_frames_are_the_recording_itself(record):
    whole = record(40)
    assert whole.part(slice(None)) is whole


def test_every_second_frame_starts_anew_in_each_sequence_and_takes_the_mean_of_the_input():
    states = torch.arange(7.0)[:, None]
    recorded = Recorded(states, 10 * states, 0.5, torch.tensor([0, 3]))
    thinned = recorded.every(2)
    assert thinned.activity.ravel().tolist() == [0, 2, 3, 5]
    assert thinned.external is not None
    assert thinned.external.ravel().tolist() == [5, 20, 35, 55]
    assert (thinned.delta_t, [(own.start, own.stop) for own in thinned.sequences()]) == (1.0, [(0, 2), (2, 4)])
