"""Test cases that every selection policy must pass; inherit them and give the policy to be tested.

    class TestMyPolicy(PolicyConformance):
        def make(self) -> SelectionPolicy:
            return MyPolicy()

Plain classes with assertions: any test runner that collects `test_` methods will do.
"""

from __future__ import annotations

import numpy as np

from hydra_llm.search.selection.base import SelectionPolicy, rank
from hydra_llm.search.tree.arms import Arms


def arms(rewards: list[float], visits: list[int] | None = None, failed: list[bool] | None = None) -> Arms:
    """Arms numbered from 0; one visit each and no failure unless told."""
    n = len(rewards)
    return Arms(
        ids=np.arange(n),
        rewards=np.array(rewards, dtype=float),
        visits=np.array(visits or [1] * n),
        failed=np.array(failed or [False] * n),
    )


class PolicyConformance:
    """What any selection policy owes."""

    def make(self) -> SelectionPolicy:
        raise NotImplementedError

    def test_every_arm_gets_one_number_that_is_not_nan(self) -> None:
        for rewards in ([0.5], [0.1, 0.9, 0.4], [float("nan"), 0.2], [float("nan")] * 3):
            scores = self.make().scores(arms(rewards), np.random.default_rng(0))
            assert scores.shape == (len(rewards),)
            assert not np.isnan(scores).any()

    def test_the_same_generator_gives_the_same_order(self) -> None:
        some = arms([0.3, 0.9, 0.5, 0.7])
        orders = [rank(self.make(), some, np.random.default_rng(7)) for _ in range(2)]
        assert orders[0] == orders[1]

    def test_arms_are_not_changed(self) -> None:
        some = arms([0.3, float("nan"), 0.5], failed=[False, True, False])
        self.make().scores(some, np.random.default_rng(0))
        assert some.visits.tolist() == [1, 1, 1]
        assert some.rewards[[0, 2]].tolist() == [0.3, 0.5]
        assert np.isnan(some.rewards[1])

    def test_a_node_that_only_failed_is_not_preferred_to_the_best(self) -> None:
        some = arms([0.9, float("nan")], failed=[False, True])
        wins = sum(rank(self.make(), some, np.random.default_rng(seed))[0][0] == 0 for seed in range(40))
        assert wins >= 10  # a random policy may choose it half of the time; none may prefer it

    def test_an_object_has_a_name_for_the_records_and_an_exploration_weight(self) -> None:
        policy = self.make()
        assert policy.name
        assert policy.c >= 0
