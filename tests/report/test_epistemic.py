"""Tags, relations, confidence: hand-worked cases, and rules that hold on a whole sweep."""

import math
from dataclasses import replace

import pytest
from report_worlds import TEXTS

from hydra_llm.report.epistemic.agreement import agreement
from hydra_llm.report.epistemic.analysis import analyse
from hydra_llm.report.epistemic.confidence import confidence, level
from hydra_llm.report.epistemic.events import AUTHOR, ReasoningEvent
from hydra_llm.report.epistemic.markers import MARKERS, tag
from hydra_llm.report.epistemic.relations import ALLOWED, BACKWARD, NO_MODE, PAIR, SAME_ITERATION, refusal
from hydra_llm.report.timeline import timeline
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.trial.reasoning import MEANING, ReasoningMode


@pytest.mark.parametrize("mode", list(ReasoningMode))
def test_each_mode_has_a_meaning_markers_and_a_sentence_that_they_recognise(mode):
    assert MEANING[mode]
    assert tag(TEXTS[mode]) is mode
    assert len(MARKERS[mode]) >= 5


def test_a_text_without_markers_has_no_mode():
    assert tag("lr 0.01, R2 0.83") is None
    assert tag("") is None


def test_confidence_by_hand():
    assert confidence(0, 0, 0) == 30.0
    assert confidence(3, 1, 1) == pytest.approx(30 + 10 + 10 + 15)
    assert confidence(7, 3, 2, single_regime=True) == pytest.approx(30 + 15 + 20 + 30 - 15)
    assert confidence(1000, 1000, 9) == 100.0
    assert confidence(1000, 1000, 9, variance_seen=True) == 85.0
    assert [level(value) for value in (90, 89, 75, 60, 59)] == ["very high", "high", "high", "medium", "low"]


def event(index, step, told, coded=None, **more):
    given = {"block": 1, "source": "observation", "trials": (), "text": "", "told_by": AUTHOR, "confidence": None}
    return ReasoningEvent(index, step, told=told, coded=coded, significance=1, **{**given, **more})


def test_an_edge_needs_two_iterations_in_order_and_an_allowed_pair():
    a, b = event(0, 1, ReasoningMode.PREDICTION), event(1, 2, ReasoningMode.FALSIFICATION)
    assert refusal(a, b) == ""
    assert refusal(b, a) == BACKWARD
    assert refusal(a, replace(b, step=1)) == SAME_ITERATION
    assert refusal(a, replace(b, told=ReasoningMode.META)) == PAIR
    assert refusal(a, replace(b, told=None)) == NO_MODE
    assert refusal(a, replace(b, told=None, coded=ReasoningMode.FALSIFICATION)) == ""
    assert len(ALLOWED) == 15


def test_kappa_by_hand():
    """Ten pairs, seven equal; both name induction 5 and falsification 5 times: chance is one half."""
    i, f = ReasoningMode.INDUCTION, ReasoningMode.FALSIFICATION
    pairs = [(i, i)] * 4 + [(i, f)] + [(f, f)] * 3 + [(f, i)] * 1 + [(f, f)]
    found = agreement([event(n, n, told, coded) for n, (told, coded) in enumerate(pairs)] + [event(10, 10, i, None)])
    assert (found.pairs, found.agreed, found.uncoded) == (10, 8, 1)
    assert found.chance == pytest.approx(0.5)
    assert found.kappa == pytest.approx((0.8 - 0.5) / 0.5)
    assert agreement([]).kappa is None


def test_the_analysis_of_a_sweep_is_made_of_its_records(sweep_folder):
    sweep = read_sweep(sweep_folder)
    when = timeline(sweep.events)
    found = analyse(sweep, when)
    observations = [note for note in sweep.state.notes if note.kind == "observation"]
    assert sum(e.source == "observation" for e in found.events) == len(observations)
    assert sum(e.source == "hypothesis" for e in found.events) == sum(
        trial.proposal.strategy != "inherit" for trial in sweep.state.search_trials()
    ), "the leader of an earlier block runs without a hypothesis"
    assert [e.index for e in found.events] == list(range(len(found.events)))
    assert [e.step for e in found.events] == sorted(e.step for e in found.events)
    assert sum(row.total for row in found.modes) + found.untagged == len(found.events)
    assert 0.5 < (found.agreement.kappa or 0) <= 1.0  # the author of this sweep names a wrong mode now and then
    for relation in found.relations.accepted:
        assert refusal(found.events[relation.start], found.events[relation.end]) == ""
    assert found.relations.accepted
    written = [e for e in found.events if e.source != "hypothesis"]
    assert sum(found.transitions.values()) <= len(written) - 1
    for principle in found.principles:
        assert 0.0 <= principle.confidence <= 100.0
        assert not math.isnan(principle.confidence)


def test_a_prediction_is_validated_by_its_interval(sweep_folder):
    sweep = read_sweep(sweep_folder)
    row = next(r for r in analyse(sweep, timeline(sweep.events)).modes if r.mode is ReasoningMode.PREDICTION)
    trials = [t for t in sweep.state.search_trials() if t.value is not None and t.proposal.prediction is not None]
    inside = [t for t in trials if t.proposal.prediction.low <= t.value <= t.proposal.prediction.high]
    assert (row.held, row.judged) == (len(inside), len(trials))
