"""hydra.sweeper.enqueue at a command line."""

import pytest
from toy_sweeps import executions, sweep

SHORT = ("hydra.sweeper.n_trials=4", "hydra.sweeper.confirm={n_seeds: 0}")


def test_enqueued_configurations_run_after_the_baseline(tmp_path):
    said = sweep(tmp_path, *SHORT, "hydra.sweeper.enqueue=[{x: 0.3, model: fancy}, {n: 5}]")
    assert [line.split()[:3:2] for line in executions(tmp_path)[1:3]] == [["0.3", "fancy"], ["0.9", "plain"]]
    assert executions(tmp_path)[2].split()[1] == "5"
    assert said.count("enqueued by user") == 2


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("[{y: 1}]", "hydra.sweeper.enqueue[0] cannot run: "),
        ("[{x: 0.3}, {x: 7}]", "hydra.sweeper.enqueue[1] cannot run: "),
        ("[3]", "hydra.sweeper.enqueue[0] must be a mapping of parameters to values, got 3."),
        ("3", "hydra.sweeper.enqueue must be a list, or null, got 3."),
    ],
)
def test_one_that_cannot_run_is_a_sentence_before_anything_is_launched(tmp_path, wanted, sentence):
    said = sweep(tmp_path, *SHORT, f"hydra.sweeper.enqueue={wanted}", expect=1)
    assert sentence in said
    assert not (tmp_path / "sweep" / "events.jsonl").exists()
