"""Every type of event as a line of the log and back."""

import json

import pytest

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.events import (
    Asked,
    AskedTrial,
    BlockRecord,
    CodeGivenUp,
    CodeRefusal,
    CodeReview,
    CodeRevision,
    Finished,
    Header,
    Launched,
    Lost,
    MemoryEdit,
    ModelCall,
    NextBlockChoice,
    Note,
    ProtocolEdit,
    ProtocolSource,
    Question,
    Rejection,
    Review,
    Session,
    SessionSettings,
    StartMemorySource,
    Told,
    UserNote,
)
from hydra_llm.search.log.events.codec import TYPES, from_json, to_json
from hydra_llm.search.statistics.claims import Claim
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Change, Prediction, Proposal

SPENT = TotalUsage(3, 100, 20, None, 1)
PROPOSAL = Proposal(
    *(1, "exploit", "exploit", 0, {"lr": 1e-05, "net": "a"}, (Change("lr", 0.1, 1e-05),)),
    prediction=Prediction(0.2, 0.9, "because", "below 0.1"),
    provenance=Provenance("rules", "llm failed: HTTP 503", via="hybrid"),
)
CALL = ModelCall("0f", "m", "schema", 1, 100, None, True, 98, None, ("no seed",))
LIMITS = SessionSettings("train", 60, 20, 2, "mean", "ucb1", Thresholds(0.95, 0.2), "median")
EVENTS = [
    Header(0.5, 2, ("a", "b"), {"python": "3.11"}, "f", [{"name": "x"}], None, "R2", "target", 1.0, 3, ("seed",), {}),
    Session(1.5, ("a",), "llm", LIMITS, 2),
    BlockRecord(2, {"regime": "calm"}, "llm", "it is new", ""),
    NextBlockChoice(1, None, "llm", "", "it is none of the choices"),
    Rejection(1, "", PROPOSAL, ("x lies outside.",)),
    Asked(2.5, 1, (AskedTrial(4, PROPOSAL, {"seed": 7}), AskedTrial(5, PROPOSAL, {}, "confirm", "full")), SPENT),
    Launched(3.5, (4, 5)),
    Lost(4.5, 4, "killed", charged=False),
    Told(4, Outcome(TrialState.FAILED, None, {"a/b": -1.5}, TrialError("E", "m", "t"), "f", None, 5.5)),
    Question(1, 4, (0, 1), (CALL,), ("x=7 lies outside.",), "", {"trials": 3}),
    Note("observation", "x helps", "llm", 1, 4, "induction", 0.6),
    MemoryEdit(
        "add", "tentative", None, "x", (1, 2), Claim("x", "to", "none", value="b"), "llm", 4, 1, "changed", "so"
    ),
    UserNote("try less", 4, 1),
    Review(1, 9, "llm", "", SPENT),
    ProtocolSource(0.5, "# Protocol"),
    ProtocolEdit(1, None, "nothing to change", "llm", 9),
    StartMemorySource(0.5, "## Open"),
    CodeRevision(1.5, "r2", "88f7", "r1", 0, "A = 1\n", "d1", "better", "so", "llm", 1, 4, "r1", 2, True),
    CodeReview(1.6, "r2", False, "too bold"),
    CodeRefusal(1.7, ("it imports os",), ("d2",), 1, 5),
    CodeGivenUp(1.8, ("r1", "r2"), "it crashes", 6),
    Finished(9.5, "all trials are used"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_read_back_is_the_event_that_was_written(event):
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


def test_every_type_has_a_name_of_its_own_and_is_tried_above():
    assert len({kind.type for kind in TYPES}) == len(TYPES)
    assert {type(event) for event in EVENTS} == set(TYPES)


def test_a_line_tells_how_a_trial_ended_beside_its_number():
    told = to_json(Told(3, Outcome(TrialState.COMPLETED, 0.5, {"R2": 0.5}, folder="3", started=1.0, ended=2.0)))
    fields = {"state": "COMPLETED", "value": 0.5, "metrics": {"R2": 0.5}, "error": None, "folder": "3"}
    assert told == {"type": "told", "number": 3, **fields, "started": 1.0, "ended": 2.0}


def test_an_unknown_type_is_nothing_and_unknown_fields_are_left_out():
    assert from_json({"type": "dreamt", "of": "x"}) is None
    assert from_json({"type": "launched", "time": 1.0, "numbers": [1], "mood": "good"}) == Launched(1.0, (1,))
