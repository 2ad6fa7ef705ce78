"""What each configuration of a tree is worth: its reward, and what is expected of it on equal recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hydra_llm.search.tree.mixed_model import Run, configuration_effects
from hydra_llm.search.tree.node import SCORED
from hydra_llm.search.tree.reward import PAIRED, POSTERIOR, check_reward, reward_of
from hydra_llm.search.tree.scale import MetricScale

if TYPE_CHECKING:
    from hydra_llm.search.surrogate.belief import Belief
    from hydra_llm.search.surrogate.encoding import Rows
    from hydra_llm.search.tree.tree import Tree

PerNode = npt.NDArray[np.float64]  # in order of creation; nan where nothing has been scored


class Worth:
    """Of the nodes of one tree, worked out when it is asked for and kept until the tree says that a run has ended or a
    configuration is new.
    """

    def __init__(self, tree: Tree, reward: str, ceiling: float | None) -> None:
        self._tree = tree
        self.kind = check_reward(reward)
        self._scale = MetricScale(None if ceiling is None else tree.objective.score(ceiling))
        self._rewards: PerNode | None = None
        self._estimates: PerNode | None = None
        self._order: list[int] | None = None
        self._belief: Belief | None = None
        self._believes = -1  # runs that had ended, here and before, when `_belief` was fitted
        self._rows: Rows = np.empty((0, 0))  # of the nodes, as far as they were asked for

    def forget(self) -> None:
        """What was worked out holds no more. A belief, which takes long, is fitted anew when it is asked for."""
        self._rewards = self._estimates = self._order = None

    @property
    def rewards(self) -> PerNode:
        if self._rewards is None:
            means = self._means()
            if self.kind == "mean":
                self._rewards = means
            elif self.kind == POSTERIOR:
                self._rewards = self._expected(means)
            elif self.kind == PAIRED:
                self._rewards = self._paired(means)
            else:
                self._rewards = self._bounds()
        return self._rewards

    @property
    def estimates(self) -> PerNode:
        if self.kind in (POSTERIOR, PAIRED):
            return self.rewards
        if self._estimates is None:
            self._estimates = self._paired(self._means())
        return self._estimates

    @property
    def order(self) -> list[int]:
        """Indices of the scored nodes by reward, best first; the older one first on a tie."""
        if self._order is None:
            by_reward = np.argsort(-self.rewards, kind="stable")  # nan last
            self._order = [int(index) for index in by_reward[: int(np.isfinite(self.rewards).sum())]]
        return self._order

    @property
    def belief(self) -> Belief | None:
        trees = (*self._tree.before, self._tree)
        ended = sum(tree.n_ended for tree in trees)
        if self._believes != ended:
            from hydra_llm.search.surrogate.belief import believe  # imports scipy, which most readers need not

            runs = [trial for tree in trees for trial in tree.trials]
            self._belief = believe(self._tree.space, self._tree.objective, runs)
            self._believes = ended
        return None if self._belief is None else self._belief.with_pending([t.values for t in self._tree.running])

    def node_rows(self, belief: Belief) -> Rows:
        nodes, known = self._tree.nodes, len(self._rows)
        if known < len(nodes):
            new = belief.encoding.rows(node.values for node in nodes[known:])
            self._rows = new if not known else np.concatenate([self._rows, new])
        return self._rows

    def _means(self) -> PerNode:
        return np.array(self._tree.means, dtype=np.float64)

    def _bounds(self) -> PerNode:
        floor, worst = self._tree.noise_floor, self._tree.worst
        found = [reward_of(self.kind, node.scores, node.failures, floor, worst) for node in self._tree.nodes]
        return np.array(found, dtype=np.float64)

    def _expected(self, means: PerNode) -> PerNode:
        """Posterior means in scores, where there is a score; plain means while nothing is believed."""
        belief = self.belief
        scored = np.flatnonzero(np.isfinite(means))
        if belief is None or not len(scored):
            return means
        rows = self.node_rows(belief)[scored]
        means[scored] = belief.warp.inverse(belief.process.mean(belief.encoding.features(rows)))
        return means

    def _paired(self, means: PerNode) -> PerNode:
        """Estimates in scores, where there is a score."""
        scored = np.flatnonzero(np.isfinite(means))
        if len(scored):
            means[scored] = [self._scale.score(float(effect)) for effect in configuration_effects(self._scaled_runs())]
        return means

    def _scaled_runs(self) -> list[Run]:
        """Every score on the scale, with its configuration (in order of creation) and the seeds of its recording."""
        found: list[Run] = []
        for place, node in enumerate(self._tree.scored()):
            for trial in map(self._tree.trial, node.trials):
                if trial.value is not None and trial.state in SCORED:
                    score = self._tree.objective.score(trial.value)
                    found.append((place, tuple(sorted(trial.seeds.items())), self._scale.of(score)))
        return found
