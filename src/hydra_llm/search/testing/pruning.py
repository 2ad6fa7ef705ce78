"""Test cases that every pruning rule must pass; inherit them and give the rule to be tested.

    class TestMyRule(PruningConformance):
        def make(self) -> PruningRule:
            return MyRule()

Plain classes with assertions: any test runner that collects `test_` methods will do.
"""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

from hydra_llm.job import Report
from hydra_llm.search.pruning.base import PruningRule
from hydra_llm.search.pruning.intermediate_scores import IntermediateScores
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.trial.objective import Objective

STEPS = (0, 1, 2, 3, 5, 8, 13, 21, 34)
CURVES = tuple(
    [Report(step, level + 0.01 * step) for step in STEPS[: 4 + k]] for k, level in enumerate((0.4, 0.1, 0.9))
)


class PruningConformance:
    """What any pruning rule owes."""

    def make(self) -> PruningRule:
        raise NotImplementedError

    def rows(self, curves: tuple[list[Report], ...]) -> list[dict[str, Any]]:
        """The limits that a sweep would publish after these trials."""
        scores = IntermediateScores(Pruning(self.make(), startup_trials=1), Objective())
        for curve in curves:
            scores.add(curve)
        return scores.rows()

    def test_a_trial_is_compared_with_no_more_than_it_had_by_then(self) -> None:
        curve = [(step, 0.1 * step) for step in STEPS]
        for step, score in self.make().compared(curve).items():
            assert isinstance(step, int)
            assert score in [best for _, best in curve]
        assert dict(self.make().compared([])) == {}

    def test_a_limit_is_a_number_with_a_name_or_none(self) -> None:
        for step, scores in itertools.product(STEPS, ((0.5,), (0.1, 0.5), (-math.inf, 0.2, 0.9))):
            limit = self.make().limit(step, scores)
            if limit is not None:
                assert not math.isnan(limit.score)
                assert limit.name

    def test_limits_have_a_json_form_and_come_in_order_of_step(self) -> None:
        rows = self.rows(CURVES)
        assert json.loads(json.dumps(rows)) == rows
        assert [row["step"] for row in rows] == sorted({row["step"] for row in rows})

    def test_the_order_in_which_trials_end_does_not_matter(self) -> None:
        orders = [self.rows(tuple(order)) for order in itertools.permutations(CURVES)]
        assert all(rows == orders[0] for rows in orders)

    def test_the_same_trials_give_the_same_limits(self) -> None:
        assert self.rows(CURVES) == self.rows(CURVES)

    def test_trials_without_a_finite_report_stop_nobody_by_an_infinite_limit(self) -> None:
        rows = self.rows(([Report(step, math.nan) for step in STEPS],) * 3)
        assert all(math.isfinite(row["score"]) for row in rows)

    def test_it_has_a_name_for_the_records(self) -> None:
        assert self.make().name
