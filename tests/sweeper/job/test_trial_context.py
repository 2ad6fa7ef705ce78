"""Every job of a sweep can know its place in it."""

import json
import subprocess

from toy_sweeps import events, sweep

from hydra_llm.sweeper.job.trial_context import revision


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
    assert found[1]["sketches"] is False, "the rules look at no figure"
    assert found[1]["baseline"] is not None
    assert found[1]["configuration_id"] != found[0]["configuration_id"]
    assert {row["sweep"] for row in found.values()} == {"sweep"}
    confirmations = [row for row in found.values() if row["purpose"] == "confirm"]
    assert any(row["configuration_id"] == found[0]["configuration_id"] for row in confirmations)
    assert all(row["seeds"] != found[0]["seeds"] for row in confirmations)


def test_a_job_knows_the_commit_of_its_code(tmp_path):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    revision.cache_clear()
    assert revision(tmp_path) is None
    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "a")
    revision.cache_clear()
    clean = revision(tmp_path)
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "a").write_text("2")
    revision.cache_clear()
    assert revision(tmp_path) == f"{clean}-dirty"
    revision.cache_clear()
