"""Every format gives the numbers that were written into it."""

import numpy as np
import pytest

from hydra_llm.recordings.formats import READERS, read_session
from hydra_llm.recordings.session import Names, RecordingError

ACTIVITY = np.random.default_rng(0).standard_normal((40, 3))
TIME = 0.5 + 0.02 * np.arange(40)
STIMULUS = np.sin(ACTIVITY)
SEGMENT = np.repeat([1, 2], 20)


def write_npz(path):
    np.savez(path, activity=ACTIVITY, time=TIME, stimulus=STIMULUS, segment=SEGMENT)


def _table(path, delimiter):
    titles = ["time", "segment", *(f"cell_{k}" for k in range(3)), *(f"stimulus_{k}" for k in range(3))]
    rows = [[*row] for row in np.column_stack([TIME, SEGMENT, ACTIVITY, STIMULUS]).tolist()]
    lines = [titles, *([repr(value) for value in row] for row in rows)]
    path.write_text("\n".join(delimiter.join(line) for line in lines) + "\n")


def write_csv(path):
    _table(path, ",")


def write_tsv(path):
    _table(path, "\t")


def write_parquet(path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"time": TIME, "segment": SEGMENT}
    columns |= {f"cell_{k}": ACTIVITY[:, k] for k in range(3)} | {f"stimulus_{k}": STIMULUS[:, k] for k in range(3)}
    parquet.write_table(pyarrow.table(columns), path)


def write_h5(path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        for name, array in (("activity", ACTIVITY), ("time", TIME), ("stimulus", STIMULUS), ("segment", SEGMENT)):
            file[name] = array


def write_zarr(path):
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    root = zarr.open_group(str(path), mode="w")
    for name, array in (("activity", ACTIVITY), ("time", TIME), ("stimulus", STIMULUS), ("segment", SEGMENT)):
        root[name] = array


WRITERS = {
    ".npz": write_npz,
    ".csv": write_csv,
    ".tsv": write_tsv,
    ".parquet": write_parquet,
    ".h5": write_h5,
    ".zarr": write_zarr,
}


@pytest.mark.parametrize("ending", WRITERS)
def test_a_format_gives_back_activity_time_stimulus_and_segments(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    WRITERS[ending](path)
    session = read_session(path, None, Names())
    np.testing.assert_array_equal(session.activity, ACTIVITY)
    np.testing.assert_array_equal(session.time, TIME)
    np.testing.assert_array_equal(session.stimulus, STIMULUS)
    assert (np.diff(session.segment.astype(float)) != 0).sum() == 1


def write_nwb(path, **clock):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        series = file.create_group("acquisition/rates")
        series["data"] = np.round(1000 * ACTIVITY)
        series["data"].attrs.update(conversion=1e-3, offset=2.0, unit="Hz")
        if "timestamps" in clock:
            series["timestamps"] = clock["timestamps"]
        else:
            series["starting_time"] = 0.0
            series["starting_time"].attrs["rate"] = clock["rate"]
        lick = file.create_group("acquisition/licks")
        lick["data"], lick["timestamps"] = np.ones(7), np.arange(7.0)


def test_a_series_of_nwb_is_converted_to_its_unit_and_keeps_its_rate(tmp_path):
    write_nwb(tmp_path / "a.nwb", rate=50.0)
    session = read_session(tmp_path / "a.nwb", None, Names())
    np.testing.assert_allclose(session.activity, np.round(1000 * ACTIVITY) * 1e-3 + 2.0)
    assert (session.delta_t, session.time, session.unit) == (0.02, None, "Hz")


def test_the_timestamps_of_nwb_are_its_times(tmp_path):
    write_nwb(tmp_path / "a.nwb", timestamps=TIME)
    np.testing.assert_array_equal(read_session(tmp_path / "a.nwb", None, Names()).time, TIME)


def test_an_unknown_series_of_nwb_is_answered_with_those_that_are_there(tmp_path):
    write_nwb(tmp_path / "a.nwb", rate=50.0)
    with pytest.raises(RecordingError, match=r"acquisition/licks 7, acquisition/rates 40x3"):
        read_session(tmp_path / "a.nwb", None, Names(activity="processing/rates"))


def test_groups_of_one_file_are_sessions(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["monday/activity"], file["tuesday/activity"] = ACTIVITY, 2 * ACTIVITY
    assert read_session(tmp_path / "a.h5", "tuesday", Names()).activity[0, 0] == 2 * ACTIVITY[0, 0]
    with pytest.raises(RecordingError, match="Its groups are: monday, tuesday"):
        read_session(tmp_path / "a.h5", "friday", Names())


def test_an_array_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    write_npz(tmp_path / "a.npz")
    with pytest.raises(RecordingError, match=r"simulation\.activity=rates is not in a\.npz\. It holds: activity 40x3"):
        read_session(tmp_path / "a.npz", None, Names(activity="rates"))


def test_the_only_table_of_numbers_is_the_activity_whatever_its_name(tmp_path):
    np.savez(tmp_path / "a.npz", rates=ACTIVITY, time=TIME)
    assert read_session(tmp_path / "a.npz", None, Names()).activity.shape == (40, 3)


def test_two_tables_need_a_name(tmp_path):
    np.savez(tmp_path / "a.npz", rates=ACTIVITY, spikes=ACTIVITY)
    with pytest.raises(RecordingError, match="must say which array is the activity"):
        read_session(tmp_path / "a.npz", None, Names())


def test_what_is_not_to_be_used_is_left_out(tmp_path):
    write_csv(tmp_path / "a.csv")
    session = read_session(tmp_path / "a.csv", None, Names(stimulus="none"))
    assert (session.stimulus, session.n_units) == (None, 3)


def test_an_empty_cell_is_a_missing_value_and_a_word_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n,4\n")
    assert np.isnan(read_session(tmp_path / "a.csv", None, Names()).activity[1, 0])
    (tmp_path / "b.csv").write_text("a,b\n1,2\nx,4\n")
    with pytest.raises(RecordingError, match=r"Column a of b\.csv must hold numbers, got 'x' in row 3"):
        read_session(tmp_path / "b.csv", None, Names())


def test_a_format_that_nobody_reads_is_refused_with_those_that_are(tmp_path):
    (tmp_path / "a.mat").touch()
    with pytest.raises(RecordingError, match=", ".join(READERS).replace(".", r"\.")):
        read_session(tmp_path / "a.mat", None, Names())


@pytest.mark.parametrize(("ending", "package"), [(".h5", "h5py"), (".zarr", "zarr"), (".parquet", "pyarrow")])
def test_a_missing_package_is_a_sentence(ending, package, tmp_path, monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"a{ending}").touch()
    with pytest.raises(RecordingError, match=f"needs {package}, which is not installed"):
        read_session(tmp_path / f"a{ending}", None, Names())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"delta_t": "0.1 s"}, "delta_t in a.npz must hold real numbers, got values of type <U5"),
        ({"delta_t": np.array([0.1, 0.2])}, "delta_t in a.npz must be one number, got 2"),
        ({"unit_names": np.array(["x", "y", "z"], dtype=object)}, "unit_names in a.npz is an array of Python objects"),
    ],
)
def test_an_array_of_the_wrong_kind_is_a_sentence(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", activity=ACTIVITY, **arrays)
    with pytest.raises(RecordingError, match=message):
        read_session(tmp_path / "a.npz", None, Names())


def test_objects_that_nobody_asks_for_are_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", activity=ACTIVITY, notes=np.array([{"rat": 4}], dtype=object))
    np.testing.assert_array_equal(read_session(tmp_path / "a.npz", None, Names()).activity, ACTIVITY)


def test_a_table_in_another_encoding_is_a_sentence(tmp_path):
    (tmp_path / "a.csv").write_bytes("time,µV\n0,1\n".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"a\.csv must be text in UTF-8, and byte 5 is not.*Save it as CSV UTF-8"):
        read_session(tmp_path / "a.csv", None, Names())


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        ("time,a,a", r"a\.csv has several columns called a\. Every column needs a name of its own"),
        (",time,a", r"Column 1 of a\.csv has no title\. Name it, or remove it: pandas"),
    ],
)
def test_a_column_without_a_name_of_its_own_is_refused(titles, message, tmp_path):
    (tmp_path / "a.csv").write_text(f"{titles}\n0,1,2\n1,3,4\n")
    with pytest.raises(RecordingError, match=message):
        read_session(tmp_path / "a.csv", None, Names())
