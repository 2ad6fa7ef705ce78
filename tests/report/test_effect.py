import math

import pytest
from report_worlds import SPACE, settings

from hydra_llm.report.effect import Effect, certainty, effect, level, scale_of
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.trial import Proposal, Trial


def tree_of(objective, *runs):
    """(parent, depth, value) per trial."""
    trials = [
        Trial(
            n,
            1,
            Proposal(0, "free", "exploit", parent, {**SPACE.baseline(), "model.depth": depth}),
            Outcome(TrialState.COMPLETED, value),
        )
        for n, (parent, depth, value) in enumerate(runs)
    ]
    return Tree(settings(1).space, objective, trials)


def test_a_gain_is_positive_for_better_whatever_the_direction():
    for direction, sign in (("maximize", 1), ("minimize", -1)):
        objective = Objective("m", direction)
        tree = tree_of(objective, (None, 2, 1.0), (0, 3, 1.5))
        found = effect(tree, tree.node(1), objective)
        assert found is not None
        assert (found.gain, found.change) == (sign * 0.5, 0.5)
        assert effect(tree, tree.node(0), objective) is None


def test_certainty_is_unknown_until_something_was_repeated_and_grows_with_replicates():
    assert certainty(0.1, 1, 1, None) is None
    assert certainty(0.0, 1, 1, 0.1) == 0.0
    one, four = certainty(0.1, 1, 1, 0.1), certainty(0.1, 4, 4, 0.1)
    assert one == pytest.approx(math.erf(0.5))
    assert four > one
    assert certainty(0.1, 1, 1, 0.0) == 1.0


def test_one_outlier_does_not_take_all_the_colour():
    effects = [Effect(gain, gain, None) for gain in (*([0.1, -0.1] * 10), 50.0)]
    scale = scale_of(effects)
    assert scale == 0.1
    assert [level(gain, scale) for gain in (50.0, 0.05, 0.0, -0.05, -0.1)] == [3, 2, 0, -2, -3]
