"""Whatever a model edits, in whatever order: the memory stays readable and within its lines, and no log breaks."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_worlds import SPACE, bowl, open_study, run_study
from search_worlds import settings as sweep_settings

from hydra_llm.search.annotations import Annotations, evidence_of
from hydra_llm.search.log.event_log import EventLog
from hydra_llm.search.log.events import MemoryEdit
from hydra_llm.search.log.events.codec import from_json, to_json
from hydra_llm.search.log.memory_entries import (
    LEVELS,
    QUESTION,
    SUMMARY,
    fold,
)
from hydra_llm.search.memory.evidence import judge
from hydra_llm.search.memory.vetoes import vetted
from hydra_llm.search.proposers.notes import ClaimWish, EditWish, Notes
from hydra_llm.search.records.memory_text import LIMIT, knowledge, memory_text
from hydra_llm.search.statistics.claims import EFFECTS, MOVES, Claim

WANTED = sweep_settings(n_trials=14, seed_keys=("seed",))
VALUES = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-5, 25), st.sampled_from(["a", "b", "z"])
)
CLAIMS = st.builds(
    Claim,
    key=st.sampled_from([*SPACE.names, "nothing"]),
    move=st.sampled_from(MOVES),
    effect=st.sampled_from(EFFECTS),
    low=st.one_of(st.none(), st.floats(0, 20)),
    high=st.one_of(st.none(), st.floats(0, 20)),
    value=VALUES,
)
EDITS = st.builds(
    MemoryEdit,
    action=st.sampled_from(["add", "revise", "demote", "remove"]),
    section=st.sampled_from([*LEVELS, QUESTION, SUMMARY]),
    entry=st.one_of(st.none(), st.sampled_from(["P1", "P2", "Q1", "S1", "G1", "P99", "## P1"])),
    text=st.one_of(st.text(max_size=60), st.sampled_from(["a ceiling", "P1", "deeper is better", "| x |"])),
    trials=st.lists(st.integers(0, 20), max_size=5).map(tuple),
    claim=st.one_of(st.none(), CLAIMS),
    by=st.just("llm"),
    number=st.integers(0, 14),
    block=st.just(1),
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    found = open_study(tmp_path_factory.mktemp("sweep"), WANTED)
    run_study(found, bowl)
    return found


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(EDITS, max_size=12))
def test_any_edits_leave_a_memory_that_is_whole(study, asked):
    state, records = study.state, evidence_of(study.state, WANTED)
    state.edits.clear()
    done: list[MemoryEdit] = []
    for edit in asked:
        judged = vetted(edit, done, ("No labels.",), records, SPACE)
        assert judged.outcome == "applied" or judged.reason
        assert from_json(json.loads(json.dumps(to_json(judged)))) == judged
        done.append(judged)
    entries = fold(done, ("No labels.",))
    levels = {e.name: judge(e, records, entries).level for e in entries.values() if e.kind == "principle"}
    assert set(levels.values()) <= set(LEVELS)
    for name, level in levels.items():
        found = judge(entries[name], records, entries)
        assert level != "established" or entries[name].given or (len(found.support) >= 3 and not found.against)
    state.edits += done
    assert len(memory_text(state, WANTED, 1).splitlines()) <= LIMIT
    assert knowledge(state, WANTED, 1) == knowledge(state, WANTED, 1)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, -(10**400)], ids=["inf", "nan", "huge", "low"])
@pytest.mark.parametrize("move", MOVES)
def test_a_number_that_no_parameter_holds_makes_no_claim_and_breaks_no_log(study, tmp_path, move, value):
    claim = {"key": "depth", "move": move, "value": value, "effect": "better"}
    asked = EditWish("add", "tentative", None, "x", claim=ClaimWish(**claim))
    told = Annotations("llm", Notes(memory_edits=(asked,)))
    study.state.edits.clear()
    (event,) = told.events(study.state, WANTED, 1, 14)
    assert isinstance(event, MemoryEdit)
    assert event.claim is None
    EventLog(tmp_path / "events.jsonl").append(event)
