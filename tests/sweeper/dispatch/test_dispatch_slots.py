"""Whole sweeps over several slots: jobs overlap, and none sees anything of another."""

import json

import pytest
from dispatch_sweeps import check_invariants, launches, run_app
from toy_sweeps import events

N = 8
SLOTS = (f"hydra.sweeper.n_trials={N}", "hydra.sweeper.n_parallel=2", "hydra/launcher=recording")


def witnesses(folder):
    return [json.loads((folder / "sweep" / str(n) / "witness.json").read_text()) for n in range(N)]


@pytest.fixture(scope="module")
def forked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forked")
    return folder, run_app(
        "witness.py",
        folder,
        *SLOTS,
        "hydra.sweeper.proposer=rules",
        "hydra.sweeper.dispatch=fork",
        "hydra.sweeper.gpu_slots=[5,7]",
    )


def test_jobs_of_two_slots_overlap_and_one_by_one_launches_do_too(forked):
    folder, _ = forked
    records = launches(folder)
    assert [r["jobs"] for r in records] == [1] * N
    by_time = sorted(records, key=lambda r: r["began"])
    assert by_time[1]["began"] < by_time[0]["ended"]
    assert len({r["pid"] for r in records}) == 2


def test_a_free_slot_gets_its_next_job_while_the_other_still_works(tmp_path):
    run_app("witness.py", tmp_path, *SLOTS, "hydra.sweeper.dispatch=fork", "long_jobs=[0]", "long=2.5", "short=0.05")
    first, *others = launches(tmp_path)
    assert sum(other["ended"] < first["ended"] for other in others) >= 2


def test_no_job_reads_anothers_config_folder_environment_or_log(forked):
    folder, _ = forked
    records = witnesses(folder)
    assert records
    for number, record in enumerate(records):
        assert record["before"] == record["after"]
        assert record["before"]["number"] == number
        assert record["before"]["folder"] == record["before"]["cwd"] == str(folder / "sweep" / str(number))
        lines = (folder / "sweep" / str(number) / "witness.log").read_text().splitlines()
        assert len(lines) == 2
        assert all(f"x={record['x']!r} " in line for line in lines)


def test_each_slot_shows_its_jobs_its_own_device_and_its_share_of_the_cores(forked):
    folder, _ = forked
    devices = {}
    for record in witnesses(folder):
        devices.setdefault(record["pid"], set()).add(record["before"]["devices"])
        assert int(record["before"]["threads"]) >= 1
    assert sorted(map(sorted, devices.values())) == [["5"], ["7"]]


def test_unseeded_tasks_of_different_slots_draw_different_numbers(forked):
    folder, _ = forked
    draws = [record["draw"] for record in witnesses(folder)]
    assert len(set(draws)) == N


def test_slots_filled_one_by_one_keep_the_role_of_their_place(forked):
    folder, _ = forked
    check_invariants(folder, N)
    asked = [trial["proposal"] for event in events(folder, "asked") for trial in event["trials"]]
    assert [p["role"] for p in asked[:2]] == ["baseline", "diverse"]
    assert {p["role"] for p in asked[2:] if p["slot"] == 0} == {"exploit"}
    assert {p["role"] for p in asked[2:] if p["slot"] == 1} == {"principle-test"}


def test_batches_launch_together_and_wait_for_each_other(tmp_path):
    run_app("witness.py", tmp_path, *SLOTS, "hydra.sweeper.dispatch=batch", "long=0.3", "hydra.sweeper.gpu_slots=[5,7]")
    assert [r["jobs"] for r in launches(tmp_path)] == [2] * (N // 2)
    assert [record["before"]["devices"] for record in witnesses(tmp_path)] == ["5", "7"] * (N // 2)


def test_a_limit_that_a_batch_cannot_keep_is_said(tmp_path):
    text = run_app(
        "witness.py",
        tmp_path,
        *("hydra.sweeper.n_trials=1", "long=0.1"),
        *("hydra.sweeper.job_timeout_s=60", "hydra.sweeper.dispatch=batch"),
    )
    assert "job_timeout_s cannot stop a job of a batch" in text
