"""W over the units of all sessions: every row by regression on the sessions that show its unit.

Hidden units enter with the states that are presently believed of them (hidden_paths). Targets that the same sessions
show share one Gram matrix. The ridge is the one of a Gaussian prior of the width that weights have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.ridge import without_self
from hydra_llm.families.signal.fitting.sessions import SessionStretch
from hydra_llm.families.signal.fitting.spline_law import SplineLaw

BLOCKS = 40  # of frames, of all stretches together, as for a recording that shows everybody
_WEAKEST = 1e-10  # ridge, relative to the mean square message


@dataclass(frozen=True)
class SessionRows:
    """The regression of one stretch: message [frame, source], rest [frame, target], visible: bool [unit]."""

    message: Tensor
    rest: Tensor
    visible: Tensor

    @classmethod
    def of(cls, stretch: SessionStretch, law: SplineLaw, correction: Tensor, delta_t: float) -> "SessionRows":
        """correction [frame - 1, unit], as in hidden_paths."""
        u = stretch.activity
        rest = (u[1:] - u[:-1]) / delta_t - correction - law.update(u[:-1])
        return cls(law.message(u[:-1]), rest, stretch.visible)

    def at(self, own: slice) -> "SessionRows":
        return SessionRows(self.message[own], self.rest[own], self.visible)


@dataclass(frozen=True)
class StitchedWeights:
    """W and the variance of its posterior, given the hidden states [target, source]; noise [target]: variance of what a
    row leaves."""

    W: Tensor
    variance: Tensor
    noise: Tensor


def stitched_weights(
    rows: Sequence[SessionRows], noise: Tensor, prior: float, synapses: Tensor | None
) -> StitchedWeights:
    """noise [target] and prior, the variance of a weight: of the round before. synapses: bool [target, source], those
    that may exist; None: all but the self-connections."""
    n = len(noise)
    W, variance, left = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, n, dtype=torch.float64), noise.clone()
    grams = [one.message.T @ one.message for one in rows]
    products = [one.message.T @ one.rest for one in rows]
    for targets, chosen in _patterns(rows):
        gram = torch.stack([grams[k] for k in chosen]).sum(0)
        product = torch.stack([products[k][:, targets] for k in chosen]).sum(0)
        n_rows = sum(len(rows[k].message) for k in chosen)
        ridge = float(noise[targets].mean()) / prior
        W[targets], spread = _solved(gram, product, ridge, targets, synapses)
        squares = torch.stack([rows[k].rest[:, targets].square().sum(0) for k in chosen]).sum(0)
        explained = 2 * (W[targets] * product.T).sum(1) - ((W[targets] @ gram) * W[targets]).sum(1)
        # the uncertain part of W explains nothing
        left[targets] = ((squares - explained).clamp_min(1e-12 * squares)) / max(1, n_rows)
        variance[targets] = spread * left[targets, None]
    return StitchedWeights(W, variance, left)


def sandwich(rows: Sequence[SessionRows], W: Tensor, noise: Tensor, prior: float, synapses: Tensor | None) -> Tensor:
    """Variance of W [target, source] from the scores of blocks of frames, as given_functions has it."""
    n = len(noise)
    found = torch.zeros(n, n, dtype=torch.float64)
    for targets, chosen in _patterns(rows):
        parts = [part for k in chosen for part in _blocks(rows[k], sum(len(rows[k].message) for k in chosen))]
        gram = torch.stack([part.message.T @ part.message for part in parts]).sum(0)
        scores = [part.message.T @ (part.rest[:, targets] - part.message @ W[targets].T) for part in parts]
        mean = torch.stack(scores).mean(0)
        ridge = float(noise[targets].mean()) / prior
        for score in scores:
            moved, _ = _solved(gram, score - mean, ridge, targets, synapses)
            found[targets] += moved.square()
        found[targets] *= len(parts) / max(1, len(parts) - 1)
    return found


def _patterns(rows: Sequence[SessionRows]) -> Iterator[tuple[Tensor, list[int]]]:
    """Targets that the same stretches show, with the places of these."""
    seen = torch.stack([one.visible for one in rows])  # [stretch, unit]
    patterns, which = torch.unique(seen.T, dim=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if bool(pattern.any()):
            yield (which == number).nonzero().ravel(), pattern.nonzero().ravel().tolist()


def _solved(
    gram: Tensor, product: Tensor, ridge: float, targets: Tensor, synapses: Tensor | None
) -> tuple[Tensor, Tensor]:
    """W [target, source] from product [source, target], and its variance per unit of noise."""
    eye = torch.eye(len(gram), dtype=gram.dtype)
    system = gram + max(ridge, _WEAKEST * float(gram.diagonal().mean())) * eye
    if synapses is not None:
        return _on_known_sources(system, product, targets, synapses)
    inverse = torch.linalg.inv(system)
    whole = torch.zeros_like(gram)  # targets have a place among all, which names their own source
    whole[:, targets] = inverse @ product
    weights = without_self(inverse, whole)[:, targets]
    variance = inverse.diagonal()[:, None] - inverse[:, targets].square() / inverse.diagonal()[targets]
    return weights.T, variance.clamp_min(0).T


def _on_known_sources(system: Tensor, product: Tensor, targets: Tensor, synapses: Tensor) -> tuple[Tensor, Tensor]:
    shape = len(targets), len(system)
    weights, variance = torch.zeros(shape, dtype=system.dtype), torch.zeros(shape, dtype=system.dtype)
    for place, target in enumerate(targets.tolist()):
        sources = synapses[target].nonzero().ravel()
        if len(sources):
            inverse = torch.linalg.inv(system[sources[:, None], sources])
            weights[place, sources] = inverse @ product[sources, place]
            variance[place, sources] = inverse.diagonal()
    return weights, variance


def _blocks(rows: SessionRows, n_frames: int) -> Iterator[SessionRows]:
    """Of a stretch as many of BLOCKS as it has of all frames."""
    n = max(2, round(BLOCKS * len(rows.message) / n_frames))
    edges = np.linspace(0, len(rows.message), n + 1).round().astype(int)
    for start, stop in pairwise(edges.tolist()):
        yield rows.at(slice(start, stop))
