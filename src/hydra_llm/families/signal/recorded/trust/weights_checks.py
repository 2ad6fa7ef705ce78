"""Two checks of W by regressions given the functions: on halves of the recording, and on inputs that cannot matter."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.given_functions import Terms, Weights, weights_given_functions
from hydra_llm.families.signal.recorded.trust.verdict import UNTOLD, TrustVerdict, judged
from hydra_llm.metrics.scores import pearson
from hydra_llm.systems.random_streams import stream

PARTS = 20  # of the training frames, of which every other one makes a half
RELIABLE = 0.8  # correlation between halves from which on weights count as reproduced
APART = 1.5  # standard errors (rms) by which halves may differ: 1 if the intervals are right
LEVEL = 0.95
TARGETS = 20  # whose regressions are made again
FALSE = 0.1  # share of weights on shifted inputs whose interval may exclude zero; 0.05 if the intervals are right


@dataclass(frozen=True)
class Halves:
    """W [target, source] of both halves; own: W of the fit; told: bool, determined in both."""

    first: Weights
    second: Weights
    own: np.ndarray
    told: np.ndarray

    @property
    def reliability(self) -> float | None:
        return pearson(self.first.value[self.told], self.second.value[self.told]) if self.told.any() else None

    @property
    def agreement(self) -> float:
        """1 / (1 + the squared distance between the weights of the fit and those of a half, over the size of these)."""
        if not self.told.any():
            return 0.0
        ratios = []
        for half in (self.first, self.second):
            value, own = half.value[self.told], self.own[self.told]
            ratios.append(((own - value) ** 2).sum() / max((value**2).sum(), 1e-300))
        return float(1 / (1 + np.mean(ratios)))

    @property
    def apart(self) -> float:
        """Difference of the halves in standard errors, rms."""
        size = np.sqrt(self.first.error**2 + self.second.error**2)[self.told]
        z = (self.first.value - self.second.value)[self.told] / np.maximum(size, 1e-300)
        return float(np.sqrt((z**2).mean())) if z.size else float("nan")


def halves(terms: Terms, own: np.ndarray, synapses: Tensor | None) -> Halves:
    part = np.arange(len(terms.rest)) * PARTS // len(terms.rest)
    first, second = (
        weights_given_functions(terms.at(torch.from_numpy(np.flatnonzero(part % 2 == k))), synapses) for k in (0, 1)
    )
    return Halves(first, second, own, first.determined & second.determined)


def halves_verdict(found: Halves) -> TrustVerdict:
    r = found.reliability
    if r is None:
        return TrustVerdict("Halves", UNTOLD, "Half of the training frames determines no weight.")
    sentence = (
        f"Weights from two halves of the training frames, given the functions, correlate by {r:.3f} and differ by "
        f"{found.apart:.2f} standard errors (rms; 1 if the intervals are right). A bias that both halves share, such "
        "as that of measurement noise, is not seen so."
    )
    scores = {"split_half_correlation": r, "split_half_z": found.apart}
    return judged("Halves", r >= RELIABLE and found.apart < APART, sentence, scores)


def shifted_inputs(terms: Terms, synapses: Tensor | None, seed: int) -> TrustVerdict:
    """Every source once more, shifted in time by an amount of its own: these weights can only be zero.

    They are regressed beside the real ones, on TARGETS targets that are drawn.
    """
    n_frames, n = terms.message.shape
    draws, quarter = stream(seed, "controls/shifted_inputs"), max(1, n_frames // 4)
    shifts = torch.randint(quarter, n_frames - quarter, (n,), generator=draws).tolist()
    moved = torch.stack([terms.message[:, j].roll(shifts[j]) for j in range(n)], dim=1)
    targets = torch.randperm(n, generator=draws)[:TARGETS]
    real = ~torch.eye(n, dtype=torch.bool) if synapses is None else synapses
    both = Terms(torch.cat([terms.message, moved], dim=1), terms.rest[:, targets])
    found = weights_given_functions(both, torch.cat([real, real], dim=1)[targets])
    null = np.zeros(found.value.shape, dtype=bool)
    null[:, n:] = found.determined[:, n:]
    if not null.any():
        return TrustVerdict("Shifted inputs", UNTOLD, "The training frames determine no weight of shifted inputs.")
    share = float((np.abs(found.value[null]) > found.reach(LEVEL) * found.error[null]).mean())
    sentence = (
        f"Beside the real sources, the same ones shifted in time: {share:.1%} of the {LEVEL:.0%} intervals of their "
        f"weights exclude zero ({1 - LEVEL:.0%} if the intervals are right)."
    )
    return judged("Shifted inputs", share < FALSE, sentence, {"permutation_false_positives": share})
