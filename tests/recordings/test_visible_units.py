"""Sessions may show different units: names tell which are the same, and a segment may lack units too."""

import numpy as np
import pytest

from hydra_llm.recordings.formats import read_session
from hydra_llm.recordings.recording import cut, recording_of
from hydra_llm.recordings.session import Names, RecordedSession, RecordingError

U = np.random.default_rng(3).standard_normal((400, 4))


def session(names, source="a.npz", **keys):
    columns = ["abcd".index(name) for name in names]
    return RecordedSession(source, U[:, columns], delta_t=0.1, unit_names=tuple(names), **keys)


def test_sessions_that_name_their_units_are_put_side_by_side_by_name():
    found = recording_of([session("abc"), session("cdb")])
    assert found.names == ("a", "b", "c", "d")
    assert found.visible.tolist() == [[True, True, True, False], [False, True, True, True]]
    first, second = (stretch.activity for stretch in found.stretches)
    np.testing.assert_array_equal(first[:, :3], U[:, :3])
    assert np.isnan(first[:, 3]).all()
    np.testing.assert_array_equal(second[:, 1:], U[:, 1:])


def test_a_unit_that_a_session_lacks_takes_no_frames_away():
    parts = cut(recording_of([session("abc"), session("bcd")]), 0.15, 0.15)
    assert [len(stretch) for stretch in parts["train"]] == [280, 280]


def test_the_same_units_in_another_order_are_the_same_units():
    found = recording_of([session("abcd"), session("dcba")])
    assert found.visible.all()
    np.testing.assert_array_equal(found.stretches[0].activity, found.stretches[1].activity)


def test_a_column_without_any_value_is_a_unit_that_the_session_does_not_show():
    u = U.copy()
    u[:, 2] = np.nan
    found = recording_of([RecordedSession("a", u, delta_t=0.1), RecordedSession("b", U, delta_t=0.1)])
    assert found.visible.tolist() == [[True, True, False, True], [True] * 4]
    assert not found.notes


def test_a_unit_with_gaps_in_a_session_that_shows_it_is_left_out_as_before():
    u = U.copy()
    u[:100, 2] = np.nan
    found = recording_of([RecordedSession("a", u, delta_t=0.1), RecordedSession("b", U, delta_t=0.1)])
    assert found.names == ("0", "1", "3")
    assert found.visible.all()


def test_segments_of_a_wide_table_that_lack_units_are_sessions(tmp_path):
    lacks = {"monday": 1, "tuesday": 3}
    days = np.repeat(list(lacks), 200)
    rows = [
        ",".join([day, *("" if unit == lacks[day] else f"{value:.17g}" for unit, value in enumerate(frame))])
        for day, frame in zip(days, U, strict=True)
    ]
    (tmp_path / "wide.csv").write_text("\n".join(["segment,a,b,c,d", *rows]))
    wide = read_session(tmp_path / "wide.csv", None, Names())
    found = recording_of([wide], delta_t=0.1)
    assert found.visible.tolist() == [[True, False, True, True], [True, True, True, False]]
    assert [(stretch.session, len(stretch)) for stretch in found.stretches] == [(0, 200), (1, 200)]


REFUSED = {
    "strangers": (["ab", "cd"], "No unit of a.npz (a to b) appears in another session"),
    "twins": (["aab", "abc"], "several units called a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_put_nothing_together_are_refused_with_a_sentence(name):
    names, sentence = REFUSED[name]
    with pytest.raises(RecordingError) as refusal:
        recording_of([session(own) for own in names])
    assert sentence in str(refusal.value)


def test_other_units_without_names_are_refused_with_the_way_to_name_them():
    with pytest.raises(RecordingError, match="Name the units of every session"):
        recording_of([RecordedSession("a", U, delta_t=0.1), RecordedSession("b", U[:, :3], delta_t=0.1)])
