"""Between two blocks, end to end: a model behind HTTP looks back, and the sweep goes on from what it said."""

import json
from dataclasses import replace

import pytest
from block_scientist import scientist
from modest_scientist import text_of

from hydra_llm.llm.instructions import instruction_path, instruction_text
from hydra_llm.search.log.event_log import EVENTS_NAME, read_events
from hydra_llm.search.log.events import Asked, Finished, Header, Question, Review, Session
from hydra_llm.search.proposers.llm.build import build
from hydra_llm.search.records import results
from hydra_llm.search.records.snapshots import BlockSnapshots
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.dimension import Categorical, Float
from hydra_llm.search.space.space import Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import from_result

REGIMES = Space((Categorical(name="regime", choices=("calm", "rough", "loud"), default="calm"),))
SPACE = Space(
    (
        Float(name="noise", low=0.0, high=2.0, default=1.0),
        Categorical(name="act", choices=("relu", "tanh"), default="relu"),
    )
)
SETTINGS = Settings(SPACE, Objective("score"), n_trials=12, n_parallel=2, n_iter_block=4, block_space=REGIMES, seed=3)


def task(trial):
    return {"score": -trial.values["noise"]}


def sweep(folder, server):
    """Run the sweep to its end, taking in what an earlier session left running; writes the derived files."""
    folder.mkdir(exist_ok=True)
    client = {"folder": str(folder), "api_key_env": "TEST_KEY", "model": "m", "base_url": server.base_url}
    proposer = build(client, write=lambda _: None)
    policy = make_policy("puct_rank", None)
    study = Study(folder, SETTINGS, policy, proposer, argv=[], protocol=instruction_text("generic"), clock=lambda: 0.0)
    for number in list(study.state.running):
        study.tell(number, from_result(task(study.state.trials[number]), SETTINGS.objective))
    while not study.is_over:
        for trial in study.launched(study.ask(2)):
            study.tell(trial.number, from_result(task(trial), SETTINGS.objective))
    study.finish("all trials are used")
    study.analysis.write(folder)
    results.write_memory(folder, study.state, SETTINGS)
    BlockSnapshots(folder, SETTINGS, policy).write(study.state, over=True)
    study.close()
    return study


def texts(folder):
    """The derived files, and the events without sessions and what was spent in them."""
    names = ["analysis.md", "memory.md", "hypotheses.md"]
    paths = (
        [folder / name for name in names] + sorted((folder / "protocol").iterdir()) + sorted(folder.glob("memory/*"))
    )
    left_out = (Header, Session, Finished, Question)  # a session that died asked what its successor asks again
    events = [e for e in read_events(folder / EVENTS_NAME) if not isinstance(e, left_out)]
    events = [replace(event, spent=None) if isinstance(event, Asked | Review) else event for event in events]
    return {str(path.relative_to(folder)): path.read_text() for path in paths} | {"events": events}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-block")


def test_at_a_blocks_end_protocol_memory_and_simulation_move_on_and_the_tree_starts_anew(serve, tmp_path):
    server = serve(*[scientist] * 20)
    untouched = instruction_path("generic").read_bytes()
    study = sweep(tmp_path, server)
    state, files = study.state, texts(tmp_path)

    assert [record.values["regime"] for record in state.blocks] == ["calm", "loud", "rough"]
    assert [record.chosen_by for record in state.blocks] == ["untested-first", "llm", "llm"]
    assert [len(state.block_trials(block)) for block in (1, 2, 3)] == [4, 4, 4]
    assert all(tree.root is not None and tree.root.parent is None for tree in state.trees.values())

    first, second = files["protocol/block_001.md"], files["protocol/block_002.md"]
    assert first == instruction_text("generic")
    assert "lower the noise (block 1)" in second
    assert "Reason: block 1 ran in a chain" in second
    assert "+| default | exploit | lower the noise (block 1) |" in second
    assert "lower the noise (block 2)" in files["protocol/block_003.md"]
    assert "lower the noise (block 3)" in files["protocol/block_004.md"], "the last edit is kept for whoever goes on"
    assert instruction_path("generic").read_bytes() == untouched

    questions = [text_of(body) for body in server.requests]
    systems = [body["messages"][0]["content"] for body in server.requests]
    of_block_2 = [n for n, text in enumerate(questions) if "Block info: block 2" in text]
    assert all("lower the noise (block 1)" in systems[n] for n in of_block_2)
    assert all("Less noise is better." in questions[n] for n in of_block_2)
    assert sum(">>> BLOCK END <<<" in text for text in questions) == 3

    assert "| 1 | regime=calm |" in files["memory.md"]
    assert "Block 2: less noise is better." in files["memory.md"]
    assert "Block 2" not in files["memory/block_001_memory.md"]
    assert files["analysis.md"].count("--- NEW SIMULATION BLOCK ---") == 2
    assert files["analysis.md"].count("## Iter ") == 12
    assert "Changed by llm: block 1 ran in a chain" in files["analysis.md"]
    assert "Observation: seen at the end of block 1" in files["analysis.md"]


def test_the_principle_is_established_by_the_records_and_not_by_its_author(serve, tmp_path):
    study = sweep(tmp_path, serve(*[scientist] * 20))
    (added,) = [edit for edit in study.state.edits if edit.section == "established"]
    memory = (tmp_path / "memory.md").read_text()
    established = memory[memory.index("### Established principles") : memory.index("### Tentative")]
    assert added.by == "llm"
    assert "P1: Less noise is better." in established
    assert "claim: noise down: better" in established


def test_a_sweep_killed_between_two_writes_ends_with_the_same_files(serve, tmp_path):
    lines, kinds = recorded(serve, tmp_path / "whole")
    review = kinds.index("review")
    before = review - kinds[:review][::-1].index("told")
    after = kinds.index("launched", review)
    for cut in (before, review + 1, review + 2, after + 1):
        again = resumed(serve, tmp_path / f"cut{cut}", lines[:cut])
        assert texts(again) == texts(tmp_path / "whole"), f"killed after line {cut}, a {kinds[cut - 1]}"


def test_a_review_that_was_torn_in_the_middle_is_asked_again_and_nothing_counts_twice(serve, tmp_path):
    lines, kinds = recorded(serve, tmp_path / "whole")
    for cut in (kinds.index("review") - 3, kinds.index("review")):
        again = texts(resumed(serve, tmp_path / f"cut{cut}", lines[:cut]))
        for name, text in texts(tmp_path / "whole").items():
            if name != "events":
                assert again[name] == text, f"{name} after line {cut}, a {kinds[cut - 1]}"


def recorded(serve, folder):
    """Lines and types of the log of a whole sweep."""
    sweep(folder, serve(*[scientist] * 20))
    lines = (folder / EVENTS_NAME).read_text().splitlines(keepends=True)
    return lines, [json.loads(line)["type"] for line in lines]


def resumed(serve, folder, lines):
    folder.mkdir()
    (folder / EVENTS_NAME).write_text("".join(lines))
    sweep(folder, serve(*[scientist] * 20))
    return folder
