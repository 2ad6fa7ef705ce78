"""Parts of a recorded trajectory."""


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
