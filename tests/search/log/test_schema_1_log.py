"""A log of version 1, written by hydra-llm 0.1.0: the toy application, 18 trials in two blocks, a scripted model that
answers wrongly now and then, edits of memory and protocol, confirmations.
"""

import json
from pathlib import Path

import pytest

from hydra_llm.search.log.event_log import EVENTS_NAME, read_events
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.provenance import Provenance

SWEEP = Path(__file__).parents[2] / "data" / "sweep_of_schema_1"
LINES = (SWEEP / EVENTS_NAME).read_text().splitlines(keepends=True)


def recorded(kind):
    return [line for line in map(json.loads, LINES) if line["type"] == kind]


def test_it_holds_what_its_lines_say():
    state = read_sweep(SWEEP).state
    asked = [(entry, line["block"]) for line in recorded("asked") for entry in line["trials"]]
    assert len(asked) == len(state.trials) == 26
    for entry, block in asked:
        trial, proposal = state.trials[entry["number"]], entry["proposal"]
        assert (trial.block, trial.seeds, trial.purpose) == (block, entry["seeds"], entry.get("purpose", "search"))
        assert (trial.values, trial.proposal.parent) == (proposal["values"], proposal["parent"])
        assert str(trial.proposal.provenance) == proposal["provenance"]
    for line in recorded("told"):
        trial = state.trials[line["number"]]
        assert (trial.state.value, trial.value, trial.metrics) == (line["state"], line["value"], line["metrics"])
        assert (trial.folder, trial.started, trial.ended) == (line["folder"], line["started"], line["ended"])
    assert [(edit.text, edit.trials) for edit in state.edits] == [
        (line["text"], tuple(line["trials"])) for line in recorded("memory")
    ]


def test_it_folds_into_the_state_that_wrote_it():
    sweep = read_sweep(SWEEP)
    state = sweep.state
    assert (sweep.ended, len(state.search), len(state.confirmations)) == ("all 18 trials are used", 18, 8)
    assert [(block.index, block.chosen_by) for block in state.blocks] == [(1, "untested-first"), (2, "untested-first")]
    assert [tree.best().id for tree in state.trees.values()] == [8, 10]
    assert state.reviews == {1: 9, 2: 9}
    assert {note.number: note.block for note in state.notes if note.number != 7} == {
        **dict.fromkeys((1, 3, 5, 8), 1),
        **dict.fromkeys((10, 12, 14, 16, 17), 2),
    }
    assert [note.block for note in state.notes if note.number == 7] == [1, 2]
    fallback = state.trials[8].proposal.provenance
    assert fallback.source == "rules"
    assert fallback.fallback_reason.startswith("llm failed: 3 answers with errors")
    assert state.trials[1].proposal.provenance == Provenance("llm")
    assert state.protocol_copy.edits[1].rules == "Prefer small x."
    assert sum(len(question.calls) for question in state.questions) == sum(
        len(line["calls"]) for line in recorded("question")
    )


@pytest.mark.parametrize("kind", ["asked", "launched", "told", "note", "review", "block"])
def test_a_study_takes_it_up_wherever_it_was_cut(tmp_path, kind):
    """Cut in the middle of the first line of this kind in the second half of the log."""
    places = [n for n, line in enumerate(LINES) if json.loads(line)["type"] == kind]
    place = next((n for n in places if n > len(LINES) // 2), places[-1])
    torn = LINES[place][: len(LINES[place]) // 2]
    (tmp_path / EVENTS_NAME).write_text("".join(LINES[:place]) + torn)
    known = read_sweep(tmp_path)
    before = {number: trial for number, trial in known.state.trials.items() if trial.state.is_finished}

    study = Study(tmp_path, known.settings, make_policy("puct_rank", None), RulesProposer(), argv=["again"])
    for number in list(study.state.running):
        study.put_back(number, "killed")
    while not study.is_over:
        for trial in study.launched(study.ask(2)):
            study.tell(trial.number, Outcome(TrialState.COMPLETED, 1.0 - (trial.values["x"] - 0.3) ** 2))
    study.close("all trials are used")

    state = read_sweep(tmp_path).state
    assert len(state.search) == 18
    assert all(trial.state is TrialState.COMPLETED for trial in state.trials.values())
    assert {number: state.trials[number] for number in before} == before
    assert read_events(tmp_path / EVENTS_NAME)[: len(known.events)] == known.events
