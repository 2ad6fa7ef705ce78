"""Runs that each draw their own seeds: no two share a recording, and configurations are compared by their means."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

from hydra_llm.search.sample import NORMAL
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Recordings, Seeded, Seeds, Spread


class Draws(Recordings):
    """All runs count as on one recording: a score there is a mean over draws, and a pair is a difference of means."""

    @staticmethod
    def _place(run: Seeded) -> Seeds:
        return ()

    @cached_property
    def between(self) -> Spread | None:
        return None

    @cached_property
    def paired(self) -> Spread | None:
        """Of the difference of two single runs."""
        return _doubled(self.repeated)

    @cached_property
    def pair_noise(self) -> Spread | None:
        """The same on the scale."""
        return _doubled(self.single)

    def is_worse(self, node: Node, other: Node) -> bool:
        pair = self.pair(node, other)
        if pair is None:
            return False
        noise = 0.0 if self.single is None else self.single.sd
        return pair.mean_on_scale < -NORMAL * noise * math.sqrt(1.0 / len(node.scores) + 1.0 / len(other.scores))


def compared_by(fresh_seeds: bool) -> type[Recordings]:
    """What configurations are compared by, where every run draws its own seeds or first runs share theirs."""
    return Draws if fresh_seeds else Recordings


def _doubled(spread: Spread | None) -> Spread | None:
    return None if spread is None else replace(spread, sd=math.sqrt(2.0) * spread.sd)
