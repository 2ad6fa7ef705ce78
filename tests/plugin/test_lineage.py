"""Every job of a sweep can know its place in it."""

import json

from toy_sweeps import events, sweep


def test_every_job_finds_its_lineage_written_before_it_starts(tmp_path):
    sweep(tmp_path, "hydra.sweeper.n_trials=4", "hydra.sweeper.confirm.n_seeds=1")
    found = {}
    for event in events(tmp_path, "asked"):
        for trial in event["trials"]:
            found[trial["number"]] = json.loads(
                (tmp_path / "sweep" / ".trials" / f"{trial['number']}.json").read_text()
            )
    assert found[0]["parent"] is None
    assert found[0]["baseline"] is None
    assert found[1]["parent"] == 0
    assert found[1]["mutated"]
    assert found[1]["baseline"] is not None
    assert found[1]["configuration_id"] != found[0]["configuration_id"]
    assert {row["sweep"] for row in found.values()} == {"sweep"}
    confirmations = [row for row in found.values() if row["purpose"] == "confirm"]
    assert any(row["configuration_id"] == found[0]["configuration_id"] for row in confirmations)
    assert all(row["seeds"] != found[0]["seeds"] for row in confirmations)
