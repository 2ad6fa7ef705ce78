"""Runs on equal recordings: what two configurations may be compared by.

A recording is one set of values of the seed keys. The first run of every configuration has the application's own
seeds, its second the next set, the same for all; so two configurations share recordings as far as both were run.
Recordings differ more than configurations do, and a mean over other recordings compares nothing. Differences here are
paired: the same recording on either side.

Scores are put on a scale first (scale.py). A configuration's estimate is its effect in `value = configuration +
recording + residual` on that scale (mixed_model.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from hydra_llm.search.sample import NORMAL
from hydra_llm.search.tree.mixed_model import configuration_effects
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.scale import MetricScale
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

Seeds = tuple[tuple[str, int], ...]

NEAR_LEADER = 5  # configurations whose pairs say how a difference near the leader scatters
FEW_PAIRS = 2  # shared recordings below which a pair has no spread


class Seeded(Protocol):
    """A trial, or one that is about to be."""

    @property
    def seeds(self) -> Mapping[str, int]: ...


def seeds_of(run: Seeded) -> Seeds:
    return tuple(sorted(run.seeds.items()))


@dataclass(frozen=True)
class Pair:
    """One configuration minus another on every recording that both ran on. `differences` are of scores, `on_scale` of
    scaled scores; both larger is better, in order of `recordings`.
    """

    recordings: tuple[int, ...]
    differences: tuple[float, ...]
    on_scale: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.differences) / len(self.differences)

    @property
    def mean_on_scale(self) -> float:
        return sum(self.on_scale) / len(self.on_scale)


@dataclass(frozen=True)
class Spread:
    """A pooled standard deviation of scores and its degrees of freedom."""

    sd: float
    freedom: int


class Recordings:
    """The recordings of one block, numbered from 1 as they first came, and the scores on them."""

    def __init__(self, tree: Tree, trials: Iterable[Trial], objective: Objective, ceiling: float | None = None) -> None:
        self.tree = tree
        self.objective = objective
        self._scale = MetricScale(None if ceiling is None else objective.score(ceiling))
        self._numbers: dict[Seeds, int] = {}
        self._runs: dict[int, dict[int, list[float]]] = {}
        self._of: dict[int, int] = {}
        for trial in trials:
            recording = self._numbers.setdefault(self._place(trial), len(self._numbers) + 1)
            self._of[trial.number] = recording
            if trial.state in (TrialState.COMPLETED, TrialState.PRUNED) and trial.value is not None:
                own = self._runs.setdefault(tree.node(trial.number).id, {})
                own.setdefault(recording, []).append(objective.score(trial.value))

    @staticmethod
    def _place(run: Seeded) -> Seeds:
        """What runs on one recording have in common."""
        return seeds_of(run)

    # ---- what ran where ----
    @property
    def all(self) -> tuple[int, ...]:
        return tuple(self._numbers.values())

    @property
    def seeds(self) -> dict[int, dict[str, int]]:
        """The values of the seed keys by recording; {}: the application's own."""
        return {number: dict(seeds) for seeds, number in self._numbers.items()}

    def of(self, number: int) -> int:
        """The recording of a trial of the block."""
        return self._of[number]

    def of_node(self, node: Node) -> tuple[int, ...]:
        """Recordings that the configuration has a score on."""
        return tuple(sorted(self._runs.get(node.id, ())))

    def score(self, node: Node, recording: int) -> float | None:
        """Mean score of the configuration on one recording."""
        found = self._runs.get(node.id, {}).get(recording)
        return None if not found else sum(found) / len(found)

    def value(self, node: Node, recording: int) -> float | None:
        """The same in the metric's own unit."""
        score = self.score(node, recording)
        return None if score is None else self.objective.value_of_score(score)

    # ---- the scale ----
    @property
    def has_ceiling(self) -> bool:
        """Whether the scale is the distance to one, and not the score itself."""
        return self._scale.ceiling is not None

    def scaled(self, score: float) -> float:
        return self._scale.of(score)

    def scaled_mean(self, node: Node) -> float:
        """Of all runs of a configuration that has a score."""
        return sum(map(self.scaled, node.scores)) / len(node.scores)

    # ---- pairs ----
    def pair(self, node: Node, other: Node) -> Pair | None:
        """`node` minus `other`; None where they share no recording."""
        shared = sorted(set(self.of_node(node)) & set(self.of_node(other)))
        if not shared:
            return None
        scores = [(self.score(node, r) or 0.0, self.score(other, r) or 0.0) for r in shared]
        return Pair(
            tuple(shared),
            tuple(mine - its for mine, its in scores),
            tuple(self.scaled(mine) - self.scaled(its) for mine, its in scores),
        )

    def missing(self, node: Node, other: Node) -> tuple[int, ...]:
        """Recordings that `other` ran on and `node` did not."""
        return tuple(sorted(set(self.of_node(other)) - set(self.of_node(node))))

    def gain(self, node: Node) -> float | None:
        """As Tree.gain, on the scale."""
        parent = self.tree.parent(node)
        if parent is None or not node.scores or not parent.scores:
            return None
        mine, its = (float(self.tree.estimates[one.index]) for one in (node, parent))
        return self.scaled(mine) - self.scaled(its)

    def has_improved(self, node: Node, noise_floor: float) -> bool | None:
        """Whether a configuration beat its parent beyond chance on the recordings that both ran on; where there are
        none, or chance is not known of them, by estimates and `noise_floor`. None if either has no score.
        """
        parent, gain = self.tree.parent(node), self.gain(node)
        if parent is None or gain is None:
            return None
        paired = self.pair_noise is not None and self.pair(node, parent) is not None
        return self.is_worse(parent, node) if paired else gain > noise_floor

    # ---- noise ----
    @cached_property
    def noise_floor(self) -> float:
        """As Tree.noise_floor, on the scale: of single runs of a configuration, whatever their recordings."""
        if self._scale.ceiling is None:
            return self.tree.noise_floor
        return 0.0 if self.single is None else self.single.sd

    @cached_property
    def single(self) -> Spread | None:
        """On the scale, of single runs of a configuration, whatever their recordings."""
        return pooled([self.scaled(score) for score in node.scores] for node in self._scored)

    def noise_at(self, score: float) -> float:
        """How far below a score the noise floor reaches, in the metric's unit: near a ceiling less far."""
        return self.reach(score, self.noise_floor)

    def reach(self, score: float, on_scale: float) -> float:
        """How far below a score so much on the scale reaches, in the metric's unit."""
        if self._scale.ceiling is None:
            return on_scale
        return score - self._scale.score(self.scaled(score) - on_scale)

    @cached_property
    def repeated(self) -> Spread | None:
        """Runs of one configuration on one recording: what is left to chance when even the seeds are equal."""
        return pooled(scores for own in self._runs.values() for scores in own.values())

    @cached_property
    def between(self) -> Spread | None:
        """One configuration on several recordings."""
        return pooled([sum(s) / len(s) for s in own.values()] for own in self._runs.values())

    @cached_property
    def paired(self) -> Spread | None:
        """Differences to the leader on shared recordings, among the best configurations."""
        return pooled(pair.differences for pair in self._near_leader)

    @cached_property
    def _near_leader(self) -> list[Pair]:
        leader = self.leader
        near = [node for node in self.ranked[: NEAR_LEADER + 1] if node is not leader]
        return [] if leader is None else [pair for node in near if (pair := self.pair(node, leader)) is not None]

    # ---- order ----
    @cached_property
    def estimates(self) -> Mapping[int, float]:
        """Node id -> effect of the configuration on the scale, as on a recording of average difficulty."""
        cells = [
            (place, recording, self.scaled(score))
            for place, node in enumerate(self._scored)
            for recording, scores in self._runs[node.id].items()
            for score in scores
        ]
        if not cells:
            return {}
        effects = configuration_effects(cells)
        return {node.id: float(effect) for node, effect in zip(self._scored, effects, strict=True)}

    @cached_property
    def _scored(self) -> list[Node]:
        return [node for node in self.tree.nodes if node.id in self._runs]

    @cached_property
    def ranked(self) -> list[Node]:
        """Scored configurations, best estimate first; the older one on a tie."""
        return sorted(self._scored, key=lambda node: (-self.estimates[node.id], node.index))

    @cached_property
    def leader(self) -> Node | None:
        """The best configuration that ran on as many recordings as its rivals.

        The best estimate leads, unless a configuration with more recordings is as good on those that they share; then
        that one leads, and the other challenges it until it ran on the same recordings.
        """
        if not self.ranked:
            return None
        top = self.ranked[0]
        rivals = [node for node in self.ranked if self.missing(top, node) and not self.is_worse(node, top)]
        return next((n for n in rivals if len(self.of_node(n)) > len(self.of_node(top))), top)

    @property
    def challengers(self) -> list[Node]:
        """Configurations with an estimate above the leader's that lack a recording of its own."""
        leader = self.leader
        if leader is None:
            return []
        ahead = self.ranked[: self.ranked.index(leader)]
        return [node for node in ahead if self.missing(node, leader)]

    def is_even(self, node: Node, other: Node) -> bool:
        """Whether chance can explain the difference of the two on the recordings that they share."""
        return not self.is_worse(node, other) and not self.is_worse(other, node)

    def is_worse(self, node: Node, other: Node) -> bool:
        """Whether `node` lost to `other` on the recordings that they share, beyond what chance does to a pair."""
        pair = self.pair(node, other)
        if pair is None:
            return False
        known = None if self.pair_noise is None else self.pair_noise.sd
        error = 0.0 if known is None else NORMAL * known / math.sqrt(len(pair.recordings))
        return pair.mean_on_scale < -error

    @cached_property
    def pair_noise(self) -> Spread | None:
        """On the scale, of differences between any two of the best configurations that share recordings."""
        if len(self.tree.replicated()) < 2:
            return None
        pairs = [
            pair
            for place, node in enumerate(self.ranked[:NEAR_LEADER])
            for other in self.ranked[:place]
            if (pair := self.pair(node, other)) is not None
        ]
        return pooled(pair.on_scale for pair in pairs)


def pooled(groups: Iterable[Iterable[float]]) -> Spread | None:
    """The spread within groups; None where none has two values."""
    squares, freedom = 0.0, 0
    for group in groups:
        values = list(group)
        if len(values) < FEW_PAIRS:
            continue
        mean = sum(values) / len(values)
        squares += sum((value - mean) ** 2 for value in values)
        freedom += len(values) - 1
    return Spread(math.sqrt(squares / freedom), freedom) if freedom else None
