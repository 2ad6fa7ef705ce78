"""How far the two tags agree: the author's and the one by markers, on the observations that have both.

Cohen's kappa takes out what two taggers with these habits would agree on by chance: kappa = (p - e) / (1 - e), with e
the sum over modes of the product of both shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hydra_llm.report.epistemic.events import AUTHOR, ReasoningEvent
from hydra_llm.search.trial.reasoning import ReasoningMode


@dataclass(frozen=True)
class Agreement:
    """`table` counts (author's, coded) pairs; `uncoded` are told ones without any marker."""

    pairs: int
    agreed: int
    uncoded: int
    chance: float | None
    kappa: float | None
    table: dict[tuple[ReasoningMode, ReasoningMode], int]

    @property
    def share(self) -> float | None:
        return self.agreed / self.pairs if self.pairs else None

    @property
    def verdict(self) -> str:
        if self.kappa is None:
            return "too few observations have both tags to compare them"
        words = (
            (0.8, "almost perfect"),
            (0.6, "substantial"),
            (0.4, "moderate"),
            (0.2, "fair"),
            (-2.0, "slight or none"),
        )
        return next(word for limit, word in words if self.kappa > limit) + " (Landis & Koch 1977)"


def agreement(events: Sequence[ReasoningEvent]) -> Agreement:
    told = [event for event in events if event.told is not None and event.told_by == AUTHOR]
    pairs = [(event.told, event.coded) for event in told if event.told is not None and event.coded is not None]
    n = len(pairs)
    agreed = sum(a is b for a, b in pairs)
    chance = kappa = None
    if n:
        first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
        chance = sum(first[mode] * second[mode] for mode in ReasoningMode) / n**2
        kappa = None if chance == 1.0 or n < 2 else (agreed / n - chance) / (1 - chance)
    return Agreement(n, agreed, len(told) - n, chance, kappa, dict(Counter(pairs)))
