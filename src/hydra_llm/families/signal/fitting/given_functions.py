"""W by regression once the functions are known: its value, its standard error, and whether the data determine it.

The value is the ridge of largest evidence. Its standard error is the larger of two: the posterior's, which takes noise
for white, and a sandwich over blocks of frames, which lets noise last for several frames and depend on the state, but
is too small where few blocks decide about a weight:

var(w) = H^-1 [sum_b s_b s_b^T] H^-1 + what the prior holds back,  H = M^T M + strength,  s_b = M_b^T residual_b

(clusters: Liang & Zeger 1986, Biometrika 73, 13; blocks of a time series: Kuensch 1989, Annals of Statistics 17, 1217).
The functions count as known: what they themselves are uncertain by is not part of it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.ridge import additive_input
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.identifiability.evidence import EvidenceRidge, evidence_ridge
from hydra_llm.identifiability.least_squares import (
    NULL_PROJECTION,
    Factor,
    Solver,
    factorise,
    identifiable_without_own_source,
)
from hydra_llm.identifiability.noisy_features import corrected_regression
from hydra_llm.metrics.intervals import reach_of

BLOCKS = 40  # of frames; a block has to be longer than what the noise remembers
TOLD = 0.5  # of the prior variance: a weight whose posterior variance is larger is not determined by the data
TOLD_UNDER_NOISE = 1 / 3  # of the prior variance: a weight without a prior whose variance is larger is not determined
_ROWS = 4096  # frames per step


@dataclass(frozen=True)
class Terms:
    """What a regression for W needs: message [frame, source], and rest [frame, target], which W has to explain. noise
    [source]: variance of the measurement noise in a message; None: messages are taken for exact.
    """

    message: Tensor
    rest: Tensor
    noise: Tensor | None = None

    @classmethod
    def of(cls, net: SignalGNN, frames: Frames) -> "Terms":
        """In float64. Raises ValueError for an input that multiplies."""
        with torch.no_grad():
            rest = frames.target - net.update(frames.activity) - additive_input(net, frames)
            return cls(net.message(frames.activity).double(), rest.double())

    def at(self, index: Tensor) -> "Terms":
        return Terms(self.message[index], self.rest[index], self.noise)

    def between(self, sources: Tensor, target: int) -> "Terms":
        """The regression of one target on some sources."""
        noise = None if self.noise is None else self.noise[sources]
        return Terms(self.message[:, sources], self.rest[:, target : target + 1], noise)

    def factor(self) -> Factor:
        parts = zip(self.message.split(_ROWS), self.rest.split(_ROWS), strict=True)
        return factorise(parts)


@dataclass(frozen=True)
class Weights:
    """All [target, source], zero on the diagonal and where there is no synapse. determined: bool. blocks: behind the
    standard error."""

    value: np.ndarray
    error: np.ndarray
    determined: np.ndarray
    blocks: int

    def reach(self, level: float) -> float:
        """Standard errors to either side of an interval of that level: Student's t, for as few blocks as there are."""
        return reach_of(level, self.blocks)


def weights_given_functions(terms: Terms, synapses: Tensor | None = None) -> Weights:
    """synapses: bool [target, source], those that may exist; None: all but the self-connections."""
    found = _of_all_sources(terms) if synapses is None else _of_known_sources(terms, synapses)
    value, spread, told = found  # [source, target]
    error = spread.clamp_min(0).sqrt()
    return Weights(value.T.numpy().copy(), error.T.numpy().copy(), told.T.numpy().copy(), _blocks(terms))


def weights_of_any_source(terms: Terms) -> Weights:
    """As if units could listen to themselves: where something else enters the targets, that no unit does would be
    forced on the wrong weights."""
    factor = terms.factor()
    value, spread, told = _regression(terms, factor, constrain=False)
    return Weights(value.T.numpy().copy(), spread.clamp_min(0).sqrt().T.numpy().copy(), told.T.numpy(), _blocks(terms))


def _of_all_sources(terms: Terms) -> tuple[Tensor, Tensor, Tensor]:
    """One decomposition serves every target. Value, variance, and whether determined [source, target]."""
    factor = terms.factor()
    value, spread, told = _regression(terms, factor, constrain=True)
    solver = Solver(factor, torch.finfo(torch.float64).eps)
    identifiable, _ = identifiable_without_own_source(solver.null_projector)
    return value, spread, (told & identifiable).fill_diagonal_(False)


def _of_known_sources(terms: Terms, synapses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same, a regression per target on the sources that it has."""
    factor, shape = terms.factor(), synapses.T.shape
    value, spread = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64)
    told = torch.zeros(shape, dtype=torch.bool)
    for i in synapses.any(dim=1).nonzero().ravel().tolist():
        sources = synapses[i].nonzero().ravel()
        own = factor.columns(sources, i)
        solver = Solver(own, torch.finfo(torch.float64).eps)
        found, variance, seen = _regression(terms.between(sources, i), own, constrain=False)
        known = solver.null_projector.diagonal().clamp_min(0).sqrt() < NULL_PROJECTION
        value[sources, i], spread[sources, i] = found[:, 0], variance[:, 0]
        told[sources, i] = seen[:, 0] & known
    return value, spread, told


def _regression(terms: Terms, factor: Factor, *, constrain: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Value, variance, and where the data say more than the prior [source, target]."""
    if terms.noise is not None:
        found = corrected_regression(terms.message, terms.rest, terms.noise, factor, constrain=constrain)
        told = found.variance < TOLD_UNDER_NOISE * found.prior
        return torch.where(told, found.weights, found.likely), torch.minimum(found.variance, found.prior), told
    ridge = evidence_ridge(factor, constrain=constrain)
    told = ridge.variance < TOLD * ridge.noise / ridge.strength
    return ridge.weights, _spread(factor, ridge, terms, constrain=constrain), told


def _blocks(terms: Terms) -> int:
    """Independent parts behind a standard error: blocks of frames, or frequencies."""
    return min(BLOCKS, len(terms.rest) // 2) if terms.noise is None else len(terms.rest) // 2


def _spread(factor: Factor, ridge: EvidenceRidge, terms: Terms, *, constrain: bool) -> Tensor:
    """Variance of the weights [source, target]."""
    _, s, Vh = torch.linalg.svd(factor.R, full_matrices=False)
    V = Vh.T
    shifted = s.square()[:, None] + ridge.strength  # [direction, target]
    residual = terms.rest - terms.message @ ridge.weights
    edges = np.linspace(0, len(residual), _blocks(terms) + 1).round().astype(int)
    scores = torch.stack([terms.message[a:b].T @ residual[a:b] for a, b in pairwise(edges)])  # [block, source, target]
    scores = scores - scores.mean(dim=0)
    spread = torch.zeros_like(ridge.weights)
    column = V @ (V.T / shifted) if constrain else None
    for score in scores:
        moved = V @ ((V.T @ score) / shifted)
        if column is not None:
            moved = moved - column / column.diagonal() * moved.diagonal()
        spread += moved.square()
    spread = spread * len(scores) / (len(scores) - 1)
    held_back = V.square() @ (ridge.strength / shifted.square()) * ridge.noise
    spread = torch.maximum(spread + held_back, ridge.variance)
    return spread.fill_diagonal_(0) if constrain else spread
