"""Lines of earlier layouts in the present one; what a sweep of such a log does is tried in test_old_sweep.py."""

import pytest

from hydra_llm.search.log.events import Asked, AskedTrial, Note, Rejection
from hydra_llm.search.log.events.codec import from_json, to_json
from hydra_llm.search.log.events.upgrade import SCHEMA_VERSION, STEPS, upgrade, written_for
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal

FIRST = {"type": "header", "schema": 1}
TEXTS = ["", "rules", "hybrid:tpe", "rules (llm failed: HTTP 503 (busy))", "hybrid:rules (llm failed: x:9\nis down)"]


def test_there_is_a_step_from_every_earlier_layout():
    assert len(STEPS) == SCHEMA_VERSION - 1


@pytest.mark.parametrize("text", TEXTS)
def test_a_provenance_that_was_a_text_is_the_value_that_it_shows(text):
    proposal = Proposal(0, "free", "exploit", None, {"lr": 0.1}, provenance=Provenance.of_text(text))
    for event in (Asked(0.5, 1, (AskedTrial(3, proposal, {}),)), Rejection(1, "", proposal, ("so",))):
        line = to_json(event)
        old = [line] if isinstance(event, Rejection) else line["trials"]
        for place in old:
            place["proposal"]["provenance"] = text
        assert from_json(upgrade([FIRST, line])[1]) == event


def test_a_note_stands_in_the_block_that_had_opened():
    note = {"type": "note", "kind": "observation", "text": "x", "by": "llm", "number": 4}
    lines = [FIRST, note, {"type": "block", "index": 1}, note, {"type": "block", "index": 2}, note]
    found = [from_json(line) for line in upgrade(lines) if line["type"] == "note"]
    assert found == [Note("observation", "x", "llm", block, 4) for block in (0, 1, 2)]


def test_lines_of_a_later_session_in_an_older_log_stay_as_they_are():
    proposal = Proposal(0, "free", "exploit", None, {"lr": 0.1}, provenance=Provenance("rules", "so", "hybrid"))
    later = [Note("memory", "x", "llm", 7), Asked(0.5, 1, (AskedTrial(3, proposal, {}),))]
    lines = [FIRST, {"type": "session", "schema": SCHEMA_VERSION}, *map(to_json, later)]
    assert [from_json(line) for line in upgrade(lines)[2:]] == later
    assert written_for(lines) == SCHEMA_VERSION


def test_a_log_of_the_present_layout_is_not_touched():
    lines = [{**FIRST, "schema": SCHEMA_VERSION}, {"type": "note"}]
    assert upgrade(lines) is lines
