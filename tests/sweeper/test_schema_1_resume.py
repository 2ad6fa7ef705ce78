"""A sweep that hydra-llm 0.1.0 began and lost half-way, continued by the command that began it."""

import json
from pathlib import Path

from toy_sweeps import APP, events, executions

from programs import PYTHON, run

LOG = Path(__file__).parents[1] / "data" / "sweep_of_schema_1" / "events.jsonl"
SETTINGS = ("proposer=rules", "n_trials=18", "n_parallel=2", "n_iter_block=9", "dispatch=batch")


def test_the_old_half_is_kept_and_the_new_half_is_run(tmp_path):
    lines = LOG.read_text().splitlines(keepends=True)
    half = next(n for n, line in enumerate(lines) if json.loads(line).get("numbers") == [11, 12]) + 1
    log = tmp_path / "sweep" / "events.jsonl"
    log.parent.mkdir()
    log.write_text("".join(lines[:half]) + '{"type": "told", "number": 11, "sta')

    keys = [f"hydra.sweeper.{key}" for key in SETTINGS]
    again = [PYTHON, str(APP), "-m", "hydra/sweeper=llm_ucb", "hydra.sweep.dir=sweep", "runs_file=runs.txt"]
    run([*again, "noise=0.05", *keys], tmp_path)

    assert log.read_text().startswith("".join(lines[:half]))
    told = events(tmp_path, "told")
    assert sorted(line["number"] for line in told) == list(range(26))
    assert {line["state"] for line in told} == {"COMPLETED"}
    assert len(executions(tmp_path)) == 26 - 11  # those that were running when it was lost included
    assert events(tmp_path, "finished")[-1]["reason"] == "all 18 trials are used"
    assert [line.get("schema") for line in events(tmp_path, "session")] == [None, 2]
