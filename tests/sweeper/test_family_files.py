"""What a family brings beside its configuration: a protocol, the lines of its log, a written memory to start from."""

import pytest
from toy_sweeps import events, sweep

from hydra_llm.search.protocol_text import BEGIN, END

PROTOCOL = f"# Mine\n\n## Strategies\n\n{BEGIN}\n| default | exploit | go on |\n{END}\n"
LOG = """
entry:
  - Node
  - {name: Config, values: {x: x, n: n, steps: steps, gone: not.there}}
  - {name: Metrics, metrics: {score: score, loss: sub/loss}}
  - Mutation
  - Next
"""
MEMORY = "# Start\n\n## Established principles\n- Small x is better.\n\n## Block 1 plan\n- look near 0.3\n"


def family(folder, log=LOG):
    """Files of a family of one's own; returns the overrides that name them."""
    (folder / "mine.md").write_text(PROTOCOL)
    (folder / "mine_log.yaml").write_text(log)
    (folder / "memory.md").write_text(MEMORY)
    return f"+search.instructions={folder / 'mine.md'}", f"+search.start_memory={folder / 'memory.md'}"


def test_a_family_of_ones_own_brings_protocol_log_and_memory_from_any_folder(tmp_path):
    sweep(tmp_path, "hydra.sweeper.n_trials=3", "hydra.sweeper.confirm.n_seeds=0", *family(tmp_path))
    folder = tmp_path / "sweep"
    assert (folder / "protocol" / "block_001.md").read_text() == PROTOCOL
    assert (tmp_path / "mine.md").read_text() == PROTOCOL, "the file itself is never edited"
    memory = (folder / "memory.md").read_text()
    assert "- G1: Small x is better." in memory
    assert "- look near 0.3" in memory
    assert [event["text"] for event in events(tmp_path, "start_memory")] == [MEMORY]
    analysis = (folder / "analysis.md").read_text()
    assert analysis.count("## Iter ") == 3
    assert "steps=2, gone=-" in analysis, "a fixed key is logged as the trial overrides make it"
    assert "Metrics: score=" in analysis
    assert ", loss=" in analysis


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["+search.start_memory=nothing"], "There is no start memory 'nothing'"),
        (["+search.start_memory=./mine.md"], "start_memory must be an absolute path or a packaged name, got ./mine.md"),
        (["+search.instructions=nothing"], "There are no instructions 'nothing'"),
    ],
)
def test_a_file_that_is_not_there_is_one_sentence(tmp_path, overrides, message):
    text = sweep(tmp_path, *overrides, expect=1)
    assert message in text
    assert "Traceback" not in text


def test_a_log_format_that_can_not_be_read_is_one_sentence(tmp_path):
    text = sweep(tmp_path, *family(tmp_path, "entry: [Nodes]"), expect=1)
    assert "mine_log.yaml is wrong at entry: a line must be one of Node, " in text
    assert "got Nodes." in text
    assert "Traceback" not in text
