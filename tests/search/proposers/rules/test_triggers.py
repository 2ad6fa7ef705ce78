"""Focus rules: rows that an application declares over its own metrics."""

import pytest
from search_worlds import ended, trial
from test_strategies import SLOT, chain, context_of

from hydra_llm.search.proposers.rules.order import ORDER
from hydra_llm.search.proposers.rules.triggered import Focus, speaking
from hydra_llm.search.triggers import MetricTrigger


def row(**more):
    return MetricTrigger.of({"name": "r", "move": {"lr": "up"}, **more})


def with_metrics(trials, **metrics):
    """The trials with metrics, one list entry per trial."""
    return [ended(t, metrics={name: values[k] for name, values in metrics.items()}) for k, t in enumerate(trials)]


TRIALS = with_metrics(chain([0.1, 0.2, 0.3]), slope=[0.5, 0.05, 0.02], acc=[0.5, 0.6, 0.9])


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({}, True),
        ({"when": {"slope": [None, 0.1]}, "runs": 2}, True),
        ({"when": {"slope": [None, 0.1]}, "runs": 3}, False),
        ({"when": {"slope": [None, 0.1], "acc": [0.8, None]}}, True),
        ({"when": {"acc": [None, 0.8]}}, False),
        ({"when": {"acc": [0.9, 0.9]}}, True),  # bounds are inclusive
        ({"when": {"unknown": [None, None]}}, False),
        ({"runs": 4}, False),
        ({"until": 2}, False),
        ({"until": 3}, True),
        ({"improving": True, "runs": 3}, True),
    ],
)
def test_a_row_speaks_when_the_latest_runs_are_within_its_bounds(more, holds):
    context = context_of(*TRIALS, focus=(row(**more),))
    assert bool(list(speaking(context))) is holds


def test_an_improving_row_is_silent_after_a_fall():
    context = context_of(*chain([0.3, 0.2]), focus=(row(improving=True, runs=2),))
    assert not list(speaking(context))


@pytest.mark.parametrize(("how", "sign"), [("up", 1), ("down", -1)])
def test_a_row_moves_its_key_in_its_direction_and_nothing_else(how, sign):
    start = trial(0, None, 0.5, lr=0.01)
    proposal = Focus().propose(context_of(start, focus=(row(name="lr-focus", move={"lr": how}, why="slow"),)), SLOT, ())
    assert proposal is not None
    (change,) = proposal.changes
    assert change.key == "lr"
    assert sign * (change.new - change.old) > 0
    assert proposal.strategy == "lr-focus"
    assert proposal.hypothesis == "slow"
    assert proposal.parent == 0


def test_a_row_may_name_the_values_to_try_in_their_order():
    context = context_of(trial(0, None, 0.5), trial(1, 0, 0.4, net="c"), focus=(row(move={"net": ["c", "b"]}),))
    proposal = Focus().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.values["net"] == "b"  # c ran already


def test_a_row_without_anything_new_leaves_the_slot_to_the_next():
    at_the_end = trial(0, None, 0.5, lr=1.0)
    rows = (row(move={"lr": "up", "absent": "any"}), row(name="next", move={"depth": "any"}))
    proposal = Focus().propose(context_of(at_the_end, focus=rows), SLOT, ())
    assert proposal is not None
    assert proposal.strategy == "next"


def test_without_rows_the_strategy_is_silent():
    assert not Focus().condition(context_of(*TRIALS))


def test_focus_is_asked_before_general_rules_and_after_the_baseline():
    names = [strategy.name for strategy in ORDER["free"]]
    assert names.index("baseline") < names.index("focus") < names.index("explore")


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"move": {"lr": "up"}}, "name"),
        ({"name": "r"}, "move"),
        ({"name": "r", "move": {"lr": "sideways"}}, "sideways"),
        ({"name": "r", "move": {"lr": "up"}, "wenn": {}}, "wenn"),
        ({"name": "r", "move": {"lr": "up"}, "when": {"acc": 0.5}}, "pair"),
        ({"name": "r", "move": {"lr": "up"}, "runs": 0}, "runs"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(spec, word):
    with pytest.raises(ValueError, match=word):
        MetricTrigger.of(spec)
