"""Regression on features that carry measurement noise themselves: no attenuation, and errors that know of the noise.

Least squares on features G = g + noise converges to weights that are too small (errors in variables). With the variance
D of the noise of a row known, the noise is subtracted from the Gram matrix instead (Fuller 1987, Measurement Error
Models, 2.2):

w = (G^T G - rows D)^-1 G^T y.

Rows may overlap in time, so what they leave has a spectrum of its own. Its covariance is a sandwich over Fourier
frequencies, where a stationary remainder is independent from one frequency to the next (Hannan 1963):

cov(w) = sum_f q_f^* q_f |residual_f|^2 / left_f,   q_f = G_f (G^T G - rows D)^-1,

left_f, the share of the remainder at a frequency that the fit leaves, plays the part of 1 - leverage in HC2
(MacKinnon & White 1985). Slow features take most degrees of freedom from slow frequencies, where one count for all
would fail.

These weights are not drawn to zero, so their errors are right, and large, where the rows hardly tell them. For such
weights the mean of a posterior is a better guess, under a Gaussian prior of the width that makes the data likeliest.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.identifiability.evidence import minimise_log
from hydra_llm.identifiability.least_squares import NULL_SINGULAR_VALUE, Factor

LEAST_SIGNAL = 0.05  # share of the variance of a direction of the features that is signal; less counts as this much
_LEAST_LEFT = 0.05  # least share of the remainder at a frequency that a fit is taken to leave
_PRIORS = 1e-2, 1e2  # variances of the prior that are compared, relative to the mean square weight that rows tell


@dataclass(frozen=True)
class CorrectedRegression:
    """weights, their variance, and likely (posterior means) [feature, target]; prior: its variance [target]."""

    weights: Tensor
    variance: Tensor
    likely: Tensor
    prior: Tensor


def corrected_regression(
    features: Tensor, target: Tensor, noise: Tensor, factor: Factor, *, constrain: bool = False
) -> CorrectedRegression:
    """features [row, feature], evenly spaced in time, target [row, target], and their factor; noise [feature]: variance
    of the measurement noise in a row. constrain: target i does not listen to feature i.
    """
    inverse = corrected_inverse(factor, noise)
    weights = inverse @ (factor.R.T @ factor.Z)
    own = inverse / inverse.diagonal() if constrain else None
    if own is not None:
        weights = (weights - own * weights.diagonal()).fill_diagonal_(0)
    spectrum = _Spectrum.of(features, target - features @ weights, inverse, factor)
    likely, prior = _posterior(weights, spectrum, constrain=constrain)
    return CorrectedRegression(weights, spectrum.variance(own), likely, prior)


def corrected_inverse(factor: Factor, noise: Tensor) -> Tensor:
    """(G^T G - rows noise)^-1 [feature, feature], positive. noise: variance in a row [feature].

    A direction below 1e-8 of the largest is left at zero, one of mostly noise counts as LEAST_SIGNAL of signal.
    """
    _, s, Vh = torch.linalg.svd(factor.R, full_matrices=False)
    kept = s > NULL_SINGULAR_VALUE * s[0]
    whitened = Vh[kept].T / s[kept]  # [feature, direction]
    share, turn = torch.linalg.eigh(whitened.T @ (factor.n_rows * noise[:, None] * whitened))
    root = whitened @ (turn / (1 - share).clamp_min(LEAST_SIGNAL).sqrt())
    return root @ root.T


@dataclass(frozen=True)
class _Spectrum:
    """What a fit leaves, by frequency. moved: q_f [frequency, feature]; power [frequency, target]: the squared
    remainder, both signs of a frequency together, as it was before the fit took its share."""

    moved: Tensor
    power: Tensor
    n_rows: int

    @classmethod
    def of(cls, features: Tensor, residual: Tensor, inverse: Tensor, factor: Factor) -> "_Spectrum":
        waves = torch.fft.rfft(features, dim=0, norm="ortho")
        moved = waves @ inverse.to(waves.dtype)
        taken = (moved * waves.conj()).real.sum(1)
        returned = (moved @ (inverse @ (factor.R.T @ factor.R)).to(waves.dtype) * waves.conj()).real.sum(1)
        left = (1 - 2 * taken + returned).clamp_min(_LEAST_LEFT)
        both_signs = torch.full_like(left, 2.0)
        both_signs[0] = 1
        if len(features) % 2 == 0:
            both_signs[-1] = 1
        power = torch.fft.rfft(residual, dim=0, norm="ortho").abs().square() * (both_signs / left)[:, None]
        return cls(moved, power, len(features))

    def variance(self, own: Tensor | None) -> Tensor:
        """Of the weights [feature, target]; own: how they move with the own source, which is held at zero."""
        squares = self.moved.abs().square()
        variance = squares.T @ self.power
        if own is None:
            return variance
        shared = (self.moved.T @ (self.moved.conj() * self.power)).real  # [feature, target]: covariance with the own
        variance = variance - 2 * own * shared + own.square() * variance.diagonal()
        return variance.clamp_min(0).fill_diagonal_(0)

    def mean_covariance(self) -> tuple[Tensor, Tensor]:
        """Covariance of the weights under a remainder of variance 1 with the mean spectrum of all targets [feature,
        feature], and the variance of the remainder [target]."""
        size = self.power.sum(0) / self.n_rows
        shape = (self.power / size.clamp_min(1e-300)).mean(1)
        return (self.moved.T @ (shape[:, None] * self.moved.conj())).real, size


def _posterior(weights: Tensor, spectrum: _Spectrum, *, constrain: bool) -> tuple[Tensor, Tensor]:
    """Its mean [feature, target] and the variance of its prior [target], with the mean spectrum of all targets."""
    covariance, size = spectrum.mean_covariance()
    values, turn = torch.linalg.eigh((covariance + covariance.T) / 2)
    spread = values.clamp_min(1e-12 * float(values[-1].clamp_min(1e-300)))[:, None] * size  # [direction, target]
    along = turn.T @ weights
    precision = 1 / spread.clamp_min(1e-300)
    told = ((along.square() * precision).sum() / precision.sum()).clamp_min(1e-300)  # by directions that rows tell

    def cost(prior: Tensor) -> Tensor:
        total = prior + spread
        return (total.log() + along.square() / total).sum(0)

    low, high = (told * end for end in _PRIORS)
    prior = minimise_log(cost, low, high, weights.shape[1])
    kept = prior / (prior + spread)
    mean = turn @ (kept * along)
    if constrain:  # once the own source is known to be zero
        column = turn @ (turn.T * (kept * spread))  # [feature, target]: covariance with the own source
        mean = (mean - column / column.diagonal().clamp_min(1e-300) * mean.diagonal()).fill_diagonal_(0)
    return mean, prior
