"""What code says to an edit of the memory before it is applied."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, ended, tree_of, trial

from hydra_llm.search.log.events import MemoryEdit
from hydra_llm.search.log.events.codec import from_json, to_json
from hydra_llm.search.log.memory_entries import fold
from hydra_llm.search.memory.evidence import EvidenceBase
from hydra_llm.search.memory.vetoes import states_a_ceiling, vetted
from hydra_llm.search.quotation import named
from hydra_llm.search.statistics.claims import Claim

TRIALS = [trial(n, n - 1 if n else None, 0.1 + 0.2 * n, depth=2 + n) for n in range(4)]


def edit(section="tentative", text="Deeper is better.", **fields):
    base = {"action": "add", "entry": None, "trials": (1,), "claim": None, "by": "llm", "number": 4, "block": 1}
    return MemoryEdit(section=section, text=text, **{**base, **fields})


def judged(one, *before, trials=TRIALS):
    records = EvidenceBase({1: tree_of(*trials)}, trials, OBJECTIVE, noisy=False)
    return vetted(one, before, (), records, SPACE)


def test_an_edit_that_the_records_bear_out_is_applied_as_it_is():
    asked = edit("established", trials=(1, 2, 3), claim=Claim("depth", "up", "better"))
    assert judged(asked) == asked


def test_established_without_evidence_is_entered_at_the_level_that_the_records_give():
    found = judged(edit("established", trials=(1,), claim=Claim("depth", "to", "better", value=3)))
    assert found.outcome == "changed"
    assert "the records make it tentative (1 of 3 runs)" in found.reason


@pytest.mark.parametrize("text", ["R2 cannot exceed 0.5", "0.5 is the identifiability limit", "a ceiling at 0.5"])
def test_a_limit_is_accepted_only_where_the_oracle_stops_there(text):
    def with_oracle(value):
        return [ended(t, metrics={"oracle_R2": value}) for t in TRIALS]

    assert states_a_ceiling(text)
    unknown = judged(edit("established", text, trials=(3,)))
    assert (unknown.section, unknown.outcome) == ("open question", "changed")
    assert "no oracle_R2" in unknown.reason
    refuted = judged(edit("established", text, trials=(3,)), trials=with_oracle(0.999))
    assert "reaches 0.999 where the training stops at 0.7" in refuted.reason
    assert refuted.section == "open question"
    assert judged(edit("tentative", text, trials=(3,)), trials=with_oracle(0.71)).section == "tentative"


def limited_at(oracle, unit, ceiling=None):
    """What becomes of a claimed limit, for scores in another unit and an oracle above the best of them, 0.7."""
    trials = [trial(n, n - 1 if n else None, (0.1 + 0.2 * n) * unit, depth=2 + n) for n in range(4)]
    trials = [ended(t, metrics={"oracle_R2": oracle * unit}) for t in trials]
    records = EvidenceBase({1: tree_of(*trials)}, trials, OBJECTIVE, noisy=False, ceiling=ceiling)
    return vetted(edit("tentative", "0.7 is the ceiling", trials=(3,)), (), (), records, SPACE).section


@pytest.mark.parametrize("unit", [1e-5, 1.0, 1e5])
def test_a_limit_is_judged_alike_whatever_the_unit_of_the_metric(unit):
    assert limited_at(0.71, unit) == "tentative"
    assert limited_at(0.85, unit) == "open question"


def test_near_a_ceiling_a_limit_is_judged_by_the_distance_to_it():
    assert limited_at(0.71, 1.0, ceiling=0.7101) == "open question"  # its error is a hundredth of the best run's
    assert limited_at(0.71, 1.0, ceiling=5.0) == "tentative"


def test_an_edit_of_an_entry_that_is_not_there_is_refused_with_those_that_are():
    found = judged(edit(action="revise", entry="P9"), edit())
    assert found.outcome == "refused"
    assert "Entries: P1" in found.reason


def test_what_is_settled_is_not_removed_and_what_is_open_is():
    claim = Claim("depth", "up", "better")
    established = edit("established", trials=(1, 2, 3), claim=claim)
    assert "stays" in judged(edit(action="remove", entry="P1"), established).reason
    worse = edit("falsified", claim=replace(claim, effect="worse"))
    assert "is falsified by the records" in judged(edit(action="remove", entry="P1"), worse).reason
    question = edit("open question", "Why?")
    assert judged(edit("open question", action="remove", entry="Q1"), question).outcome == "applied"


def test_a_demotion_goes_down_only():
    established = edit("established", trials=(1, 2, 3), claim=Claim("depth", "up", "better"))
    assert judged(edit("tentative", action="demote", entry="P1"), established).outcome == "applied"
    assert "not below" in judged(edit("established", action="demote", entry="P1"), established).reason


def test_the_same_sentence_twice_is_refused():
    assert "P1 already" in judged(edit(text="deeper is BETTER"), edit()).reason


def test_a_claim_that_can_not_be_tested_is_left_out_and_the_sentence_stays():
    found = judged(edit(claim=Claim("width", "up", "better")))
    assert (found.claim, found.outcome) == (None, "changed")
    assert "no parameter" in found.reason


def test_names_are_never_given_twice_and_a_revision_keeps_the_link_to_all_trials():
    edits = [
        edit(),
        edit(text="b"),
        edit(action="remove", entry="P1"),
        edit(text="c"),
        edit(action="revise", entry="P2", text="b, more precisely", trials=(3,)),
    ]
    entries = fold(edits)
    assert list(entries) == ["P2", "P3"]
    assert (entries["P2"].text, entries["P2"].trials, entries["P2"].revised) == ("b, more precisely", (1, 3), 1)


def test_entries_as_of_an_earlier_block_do_not_know_what_came_later():
    edits = [edit(), edit(text="b", block=2), edit(action="revise", entry="P1", text="changed", block=2)]
    assert [e.text for e in fold(edits, block=1).values()] == ["Deeper is better."]


def test_an_edit_survives_the_log():
    asked = edit(claim=Claim("net", "to", "none", value="b"), outcome="changed", reason="so")
    assert from_json(to_json(asked)) == asked


def test_a_quote_finds_its_entry_by_name_or_by_words():
    texts = {"P1": "Deeper is better.", "P2": "Nets a and b are alike."}
    assert named("P2, as far as I know", texts) == "P2"
    assert named('"deeper is better"', texts) == "P1"
    assert named("P7: unknown", texts) is None
    assert named("", texts) is None
