"""`mode=grid`: what is listed, and what the command line replaces."""

import pytest
from toy_sweeps import executions, sweep

GRID = "hydra.sweeper.mode=grid"


@pytest.mark.parametrize("declared", ["'interval(0, 1)'", "'0.5,0.6,0.7'", "{low: 0, high: 1}"])
def test_the_command_line_replaces_what_is_declared_for_a_key(tmp_path, declared):
    sweep(tmp_path, GRID, f"hydra.sweeper.params={{x: {declared}, n: '3,4'}}", "x=0.1,0.2")
    assert [line.split()[:2] for line in executions(tmp_path)] == [
        ["0.1", "3"],
        ["0.2", "3"],
        ["0.1", "4"],
        ["0.2", "4"],
    ]


def test_a_range_cannot_be_listed_and_is_refused_with_a_sentence(tmp_path):
    text = sweep(tmp_path, GRID, "hydra.sweeper.params={x: {low: 0, high: 1}}", expect=1)
    assert "mode=grid cannot list hydra.sweeper.params.x={'low': 0, 'high': 1}." in text
    assert "Traceback" not in text
