"""A recording that no fit could use is refused with a sentence; a gap cuts it."""

from dataclasses import replace

import numpy as np
import pytest

from hydra_llm.recordings.recording import cut, recording_of
from hydra_llm.recordings.session import RecordedSession, RecordingError


def session(n_frames=400, n_units=4, **keys):
    u = np.random.default_rng(1).standard_normal((n_frames, n_units))
    return replace(RecordedSession("a.npz", u, delta_t=0.1), **keys)


def test_a_session_is_cut_in_time_into_train_validation_and_test():
    parts = cut(recording_of([session()]), 0.15, 0.15)
    whole = session().activity
    assert [len(parts[split][0]) for split in ("train", "validation", "test")] == [280, 60, 60]
    np.testing.assert_array_equal(parts["validation"][0].activity, whole[280:340])
    np.testing.assert_array_equal(parts["test"][0].activity, whole[340:])


def test_every_session_gives_a_share_to_every_split():
    parts = cut(recording_of([session(), session(300)]), 0.15, 0.15)
    assert {split: [one.session for one in stretches] for split, stretches in parts.items()} == {
        "train": [0, 1],
        "validation": [0, 1],
        "test": [0, 1],
    }


def test_a_missing_frame_cuts_the_recording():
    u = session().activity
    u[100, 2] = np.nan
    found = recording_of([session(activity=u)])
    assert [len(stretch) for stretch in found.stretches] == [100, 299]
    assert "1 frames with missing values" in found.notes[0]


def test_a_pause_in_the_clock_cuts_the_recording():
    time = 0.1 * np.arange(400)
    time[250:] += 5.0
    found = recording_of([session(time=time, delta_t=None)])
    assert [len(stretch) for stretch in found.stretches] == [250, 150]
    assert found.delta_t == pytest.approx(0.1)


def test_a_change_of_segment_cuts_the_recording():
    found = recording_of([session(segment=np.repeat(["a", "b"], 200))])
    assert [len(stretch) for stretch in found.stretches] == [200, 200]


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_a_unit_that_is_constant_or_missing_is_left_out_by_name(value):
    u = session().activity
    u[:, 2] = value
    found = recording_of([session(activity=u, unit_names=("a", "b", "c", "d"))])
    assert found.names == ("a", "b", "d")
    assert "1 of 4 units" in found.notes[0]
    assert found.notes[0].endswith("left out: c.")


def _infinite():
    u = session().activity
    u[3, 1] = np.inf
    return session(activity=u)


def _huge():
    u = session().activity
    u[3, 1] = 1e308
    return session(activity=u)


def _mixed():
    return session(activity=session().activity * np.array([1, 1, 1, 1e5]))


REFUSED = {
    "infinite": (lambda: recording_of([_infinite()]), "infinite at frame 3, unit 1"),
    "huge": (lambda: recording_of([_huge()]), "is 1e+308 at frame 3, unit 1. Values beyond 1e+75 are too large"),
    "all huge": (lambda: recording_of([session(activity=1e200 * session().activity)]), "too large to compute with"),
    "orientation": (lambda: recording_of([session(4, 400)]), "set simulation.axes=units_frames"),
    "no clock": (lambda: recording_of([session(delta_t=None)]), "Give the time between two frames"),
    "two clocks": (lambda: recording_of([session()], delta_t=0.2), "are 0.1 apart by its own clock"),
    "irregular": (
        lambda: recording_of([session(time=np.cumsum(0.1 + 0.02 * np.sin(np.arange(400))), delta_t=None)]),
        "is irregular",
    ),
    "backwards": (lambda: recording_of([session(time=-np.arange(400.0), delta_t=None)]), "must increase"),
    "times": (lambda: recording_of([session(time=np.arange(4.0))]), "4 times for 400 frames"),
    "scales": (lambda: recording_of([_mixed()]), "measured on scales far apart"),
    "units of measurement": (lambda: recording_of([session(unit="V"), session(unit="mV")]), "a.npz is in V"),
    "other units": (lambda: recording_of([session(), session(n_units=5)]), "the same units in the same order"),
    "steps": (lambda: recording_of([session(), session(delta_t=0.2)]), "one time step, got 0.1 to 0.2"),
    "stimulus": (lambda: recording_of([session(stimulus=np.ones((400, 1)))]), "must be [frame, unit]"),
    "labels": (lambda: recording_of([session(segment=np.ones(3))]), "3 segment labels for 400 frames"),
    "nothing moves": (lambda: recording_of([session(activity=np.ones((400, 4)))]), "0 of 4 remain"),
    "short": (lambda: cut(recording_of([session(90)]), 0.15, 0.15), "too short: 63 frames remain to train"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_fit_could_use_is_refused_with_a_sentence(name):
    attempt, sentence = REFUSED[name]
    with pytest.raises(RecordingError) as refusal:
        attempt()
    assert sentence in str(refusal.value)


def test_the_other_order_of_axes_gives_the_same_recording():
    turned = recording_of([session(activity=session().activity.T)], axes="units_frames")
    np.testing.assert_array_equal(turned.stretches[0].activity, session().activity)


@pytest.mark.parametrize("step", [0.0, -0.1, np.nan, np.inf])
def test_a_time_step_is_a_number_above_0(step):
    with pytest.raises(RecordingError, match=r"The time step of a\.npz must be a number above 0"):
        recording_of([session(delta_t=step)])


def test_times_and_a_time_step_that_contradict_each_other_are_refused():
    with pytest.raises(RecordingError, match=r"a\.npz says delta_t = 0\.5, and its times are 0\.1 apart"):
        recording_of([session(time=0.1 * np.arange(400), delta_t=0.5)])


def test_too_few_units_are_counted():
    with pytest.raises(RecordingError, match=r"at least 2 units that move, 1 of 1 remain\.$"):
        recording_of([session(n_units=1)])
