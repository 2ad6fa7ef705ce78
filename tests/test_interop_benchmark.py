"""benchmarks/interop.py: what its page says of differences between simulators. No simulator is needed."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def interop(monkeypatch, tmp_path):
    pytest.importorskip("torch", reason="the science extra is not installed")
    pytest.importorskip("h5py", reason="the science extra is not installed")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import interop

    monkeypatch.setattr(interop, "KEPT", tmp_path)
    return interop


@pytest.mark.parametrize(
    ("apart", "answer"),
    [
        ([0.001, -0.001, 0.002], "yes"),
        ([0.05, -0.05, 0.001], "not told"),
        ([0.051, 0.05, 0.049], "no"),
        ([0.0], "not told"),
    ],
)
def test_a_difference_is_within_the_goal_where_its_whole_interval_is(interop, apart, answer):
    assert interop.compared(apart)[interop.WITHIN] == answer


def test_a_difference_stands_with_its_standard_error(interop):
    assert interop.compared([0.0, 0.002, 0.004])["R2 - ours"] == "+0.0020 +- 0.0012"


def test_pairs_within_the_goal_are_counted(interop):
    assert interop.compared([0.001, 0.02, -0.03])["pairs"] == "1 of 3"


def test_simulators_without_a_run_have_no_row_and_are_named(interop):
    networks = [interop.RateNetwork(units=4, frames=9, seed=seed) for seed in (0, 1)]
    for seed, R2 in ((0, 0.9), (1, 0.8)):
        folder = interop.folder_of("ours", networks[seed])
        folder.mkdir(parents=True)
        (folder / "law_known.json").write_text(f'{{"R2": {R2}, "slope": 1.0, "coverage": 0.95}}')
    rows = interop._rows("known", networks)
    assert [(row["simulator"], row["seeds"]) for row in rows] == [("ours", "2 of 2")]
    assert interop._missing("known", networks) == (
        "functions known: NEST (seeds 0, 1), brian2 (seeds 0, 1), "
        "brian2, our noise (seeds 0, 1), ours-again (seeds 0, 1)"
    )


def test_a_fit_that_failed_is_told_from_one_that_was_not_made(interop):
    network = interop.RateNetwork(units=4, frames=9, seed=3)
    folder = interop.folder_of("NEST", network)
    folder.mkdir(parents=True)
    (folder / "failed.txt").write_text("It did not beat a constant.")
    assert interop.fitted(folder, network.seed) == {}
    assert "NEST (seeds 3: the fit failed), brian2 (seeds 3)" in interop._missing("learned", [network])
