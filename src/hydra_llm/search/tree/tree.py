"""The exploration tree of one block: nodes are configurations, edges are mutations.

The tree is a fold over trials and holds nothing that the trials do not say. Trials with equal canonical values are
replicates and share a node, whose reward is the mean over them, or a lower bound (reward.py). A visit is a run of the
node or of one of its descendants; launched trials count at once (virtual visits), so that parallel slots do not all
expand the same node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence, ValuesView
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.arms import Arms
from hydra_llm.search.tree.node import SCORED, Node
from hydra_llm.search.tree.reward import POSTERIOR
from hydra_llm.search.tree.worth import Worth
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

if TYPE_CHECKING:
    from hydra_llm.search.surrogate.belief import Belief
    from hydra_llm.search.surrogate.encoding import Rows

UNSCORED = math.nan
EVIDENCE = 0.7  # least probability that what is recommended is better than the baseline (docs/decisions/0199)


class Tree:
    """Nodes in order of creation. `add` takes a RUNNING trial, then the same trial finished; or the finished one at
    once. `before` are trees of earlier blocks of the same regime, whose runs are believed as the tree's own; `known` is
    a tree of the same trials with other values, whose configurations need not be worked out again.
    """

    def __init__(
        self,
        space: Space,
        objective: Objective,
        trials: Iterable[Trial] = (),
        *,
        reward: str = "mean",
        before: Sequence[Tree] = (),
        ceiling: float | None = None,
        known: Tree | None = None,
    ) -> None:
        self.space = space
        self.objective = objective
        self.before = tuple(before)
        self._known = {} if known is None else known._by_trial
        self.worth = Worth(self, reward, ceiling)
        self.nodes: list[Node] = []
        self._by_key: dict[str, Node] = {}
        self._by_trial: dict[int, Node] = {}
        self._trials: dict[int, Trial] = {}  # as they stand; in order of number
        self._running: set[int] = set()
        self.means: list[float] = []  # these four: what `arms` needs of every node, kept rather than collected
        self._ids: list[int] = []
        self._visits: list[int] = []
        self._failed: list[bool] = []
        self.worst = math.inf  # least score in the tree
        self._replicated: dict[int, Node] = {}
        self._pooled = (0.0, 0)  # squares within replicated configurations, degrees of freedom
        self.n_ended = 0  # runs
        self.exhausted: set[int] = set()  # a cache of moves.py: ids of nodes without an untried one-parameter move
        self.crossed: set[tuple[int, int]] = set()  # a cache of recombine.py: pairs with nothing left to exchange
        for trial in trials:
            self.add(trial)
        self._known = {}

    # ---- folding ----
    def add(self, trial: Trial) -> Node:
        """Enter a trial: create its node if the configuration is new, count the visit once, record the score once."""
        number = trial.number
        self._trials[number] = trial
        node = self._by_trial.get(number)
        if node is None:
            node = self._node_for(trial)
            node.trials.append(number)
            self._by_trial[number] = node
            self._visit(node, +1)
            if trial.state is TrialState.RUNNING:
                node.pending += 1
                self._running.add(number)
        elif number not in self._running:
            raise ValueError(f"Trial {number} was already told. A finished trial does not change.")
        if trial.state.is_finished:
            if number in self._running:
                self._running.remove(number)
                node.pending -= 1
            self._finish(node, trial)
        return node

    def _node_for(self, trial: Trial) -> Node:
        known = self._known.get(trial.number)
        values = self.space.canonical(trial.values) if known is None else known.values
        key = self.space.key_of_canonical(values) if known is None else known.key
        node = self._by_key.get(key)
        if node is None:
            asked = trial.proposal.parent
            parent = self._by_trial.get(asked) if asked is not None else None
            node = Node(
                id=trial.number,
                index=len(self.nodes),
                values=values,
                parent=parent.id if parent else None,
                depth=parent.depth + 1 if parent else 0,
                key=key,
            )
            self.nodes.append(node)
            self.means.append(UNSCORED)
            self._ids.append(node.id)
            self._visits.append(0)
            self._failed.append(False)
            self.worth.forget()
            self._by_key[key] = node
            if parent:
                parent.children.append(node.id)
        return node

    def _finish(self, node: Node, trial: Trial) -> None:
        self.worth.forget()
        self.n_ended += 1
        if trial.state in SCORED and trial.value is not None:
            self._score(node, self.objective.score(trial.value))
        elif trial.state.is_bad or trial.state is TrialState.PRUNED:
            node.failures += 1
        else:  # CANCELLED says nothing about the configuration: the visit is taken back
            self._visit(node, -1)

    def _score(self, node: Node, score: float) -> None:
        before = node.mean
        node.scores.append(score)
        node.mean = sum(node.scores) / len(node.scores)
        self.means[node.index] = node.mean
        self._failed[node.index] = False
        self.worst = min(self.worst, score)
        if before is not None:  # Welford's step, pooled over configurations
            squares, freedom = self._pooled
            self._pooled = (squares + (score - before) * (score - node.mean), freedom + 1)
            self._replicated[node.id] = node

    def _visit(self, node: Node, step: int) -> None:
        for member in self.lineage(node):
            member.visits += step
            self._visits[member.index] = member.visits

    # ---- reading ----
    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def node(self, number: int) -> Node:
        """The node of a trial number; a node's id is one of them."""
        if number not in self._by_trial:
            raise KeyError(
                f"There is no trial {number} in this tree. It holds {sorted(self._by_trial)[-8:]} and earlier."
            )
        return self._by_trial[number]

    def __contains__(self, number: object) -> bool:
        return number in self._by_trial

    def find(self, values: dict[str, Any]) -> Node | None:
        """The node of this configuration, if it was ever launched."""
        return self._by_key.get(self.space.key(values))

    def has_key(self, key: str) -> bool:
        """Whether a configuration with this identity (Space.key) was ever launched."""
        return key in self._by_key

    def parent(self, node: Node) -> Node | None:
        return None if node.parent is None else self._by_trial[node.parent]

    def lineage(self, node: Node) -> Iterator[Node]:
        """The node, its parent, and so on up to its root."""
        current: Node | None = node
        while current is not None:
            yield current
            current = self.parent(current)

    def distance(self, a: Node, b: Node) -> int | None:
        """Number of edges between two nodes, None if they have different roots."""
        steps = {member.id: step for step, member in enumerate(self.lineage(a))}
        for step, member in enumerate(self.lineage(b)):
            if member.id in steps:
                return step + steps[member.id]
        return None

    def scored(self) -> list[Node]:
        """Nodes with at least one score, in order of creation."""
        return [node for node in self.nodes if node.scores]

    def latest_scored(self, count: int) -> list[Node]:
        """The latest `count` nodes with a score, in order of creation."""
        found: list[Node] = []
        for node in reversed(self.nodes):
            if node.scores:
                found.append(node)
            if len(found) == count:
                break
        return found[::-1]

    def replicated(self) -> list[Node]:
        """Nodes with at least two scores."""
        return list(self._replicated.values())

    def trial(self, number: int) -> Trial:
        """As it stands."""
        return self._trials[number]

    @property
    def trials(self) -> ValuesView[Trial]:
        """As they stand, in order of number."""
        return self._trials.values()

    @property
    def running(self) -> list[Trial]:
        """Launched, not told; in order of number."""
        return [self._trials[number] for number in sorted(self._running)]

    @property
    def noise_floor(self) -> float:
        """Pooled standard deviation of scores within configurations, in the metric's unit; 0 while nothing was
        repeated.
        """
        squares, freedom = self._pooled
        return math.sqrt(max(0.0, squares) / freedom) if freedom else 0.0

    # ---- rewards ----
    @property
    def rewards(self) -> npt.NDArray[np.float64]:
        """One reward per node in order of creation; nan where nothing has been scored."""
        return self.worth.rewards

    @property
    def estimates(self) -> npt.NDArray[np.float64]:
        """What is expected of each node on equal recordings, in order of creation; nan where nothing has been scored.
        The rewards, unless these are bounds, plain means among them.
        """
        return self.worth.estimates

    @property
    def belief(self) -> Belief | None:
        """What the runs so far say of every configuration, None while there are too few. Fitted when it is asked for,
        once for each run that ends.
        """
        return self.worth.belief

    def gain(self, node: Node) -> float | None:
        """What a node is expected to score above its parent on equal recordings; None if either has no score."""
        parent = self.parent(node)
        if parent is None or not node.scores or not parent.scores:
            return None
        found = self.estimates
        return float(found[node.index] - found[parent.index])

    def node_rows(self, belief: Belief) -> Rows:
        """[node, free parameter] of every node, in order of creation."""
        return self.worth.node_rows(belief)

    def reward(self, node: Node) -> float:
        return float(self.rewards[node.index])

    def top(self, count: int) -> list[Node]:
        """The `count` scored nodes with the highest rewards, best first; the older one first on a tie."""
        return [self.nodes[index] for index in self.worth.order[:count]]

    def best(self) -> Node | None:
        """The scored node with the highest reward; the older one on a tie."""
        return next(iter(self.top(1)), None)

    def beats(self, node: Node, baseline: Node) -> bool:
        """Whether there is evidence that a configuration is better than the baseline, of this tree or of one before it.

        It is asked for where something ran twice, so that noise is known, and runs are believed by a process.
        """
        trees = (*self.before, self)
        if node.values == baseline.values or self.worth.kind != POSTERIOR or not any(t.replicated() for t in trees):
            return True
        belief = self.belief
        return belief is None or not baseline.scores or belief.ahead(node.values, baseline.values) >= EVIDENCE

    @property
    def root(self) -> Node | None:
        return self.nodes[0] if self.nodes else None

    @property
    def baseline(self) -> Node | None:
        """The node of the application's own configuration, None where it has not run here. Where slots keep values of
        their own it is the first of them.
        """
        return self.root if self.space.by_slot else self.find(self.space.baseline())

    def arms(self) -> Arms:
        """As they stand, without what is believed of them."""
        return Arms(
            ids=np.array(self._ids, dtype=np.int64),
            rewards=self.rewards.copy(),
            visits=np.array(self._visits, dtype=np.int64),
            failed=np.array(self._failed, dtype=np.bool_),
        )

    def believed_arms(self) -> Arms:
        """As they stand, with posterior mean and standard deviation where there is a belief."""
        belief = self.belief
        if belief is None:
            return self.arms()
        mean, sd = belief.of(self.node_rows(belief))
        return replace(self.arms(), believed=mean, doubt=sd)
