"""W along the few directions among the targets in which latent inputs enter (fitting.latent_inputs).

Along latent direction k, direction i of the messages, of singular value s_i, tells w_ik + c_ik and not w_ik: c is what
the latent input shares with the messages. Both are drawn:

w_ik ~ N(0, prior),  c_ik ~ N(0, alpha_k + kappa_k / s_i^2),  correlation rho.

prior is the mean square of weights in the directions without latent inputs. alpha: a latent input that is itself a unit
is a mixture of the sources that drive recorded units, of about equal size along every direction. kappa: slow time
courses overlap by chance, which weighs most where messages vary least. rho: a network that is active feeds itself about
as much as it decays, so weights are not independent of what hidden units add.

Recorded units are hidden for a trial, in directions of known weights: that gives rho and the odds of every (alpha,
kappa), over which the posterior is averaged (empirical Bayes: Efron & Morris 1973, JASA 68, 117). That no unit listens
to itself is then an exact equation per unit, which the normal distribution is conditioned on.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.given_functions import Terms, weights_of_any_source
from hydra_llm.families.signal.fitting.latent_inputs import least_squares

DRAWS = 20  # of recorded units that are hidden for a trial
MOST_CORRELATION = 0.9
UNLIKE_UNITS = 0.01  # odds that a latent input is not like a recorded unit
_LEAST_SINGULAR = 1e-12  # of the largest
_KAPPAS, _ALPHAS = 121, 33  # of the grid


@dataclass(frozen=True)
class LatentInputs:
    """Their directions among the targets, orthonormal [target, number]; W and its standard errors [target, source];
    correlation: rho, of weights along these directions with what the latent inputs add to them."""

    directions: Tensor
    W: Tensor
    error: np.ndarray
    correlation: float

    @property
    def number(self) -> int:
        return self.directions.shape[1]

    def sentence(self) -> str:
        n = len(self.directions)
        return (
            f"{self.number} latent inputs enter the {n} recorded units. Along as many of the {n} directions among "
            "these, weights are shrunk as far as the latent inputs hide them. Nothing is said of the weights of units "
            f"that were not recorded. {TAKEN_AS_FOUND}"
        )


TAKEN_AS_FOUND = (
    "Intervals take the number and the directions of the latent inputs as found, and hidden units for units like the "
    "recorded ones: what a missed latent input adds is a bias that they do not hold."
)


def beside_latent_inputs(terms: Terms, directions: Tensor, generator: torch.Generator) -> LatentInputs:
    """W beside latent inputs with these directions. generator: of the units that are hidden for a trial."""
    within = directions @ directions.T
    left = least_squares(terms)
    plain = weights_of_any_source(Terms(terms.message, terms.rest - left @ within))
    elsewhere = torch.from_numpy(plain.value)
    elsewhere = elsewhere - within @ elsewhere
    variance = torch.from_numpy(plain.error).square()
    n_frames, (n, number) = len(terms.message), directions.shape
    prior = float(elsewhere.square().sum()) / max(1, n * (n - number))  # variance of a weight
    upper = torch.linalg.qr(terms.message / n_frames**0.5, mode="r").R
    done = trials(upper, elsewhere, number, generator)
    U, s, Vh = _decomposed(terms.message / n_frames**0.5)
    told = U.T @ (terms.rest @ directions) / n_frames**0.5 / s[:, None]  # [direction, latent]
    along = _Along(directions, Vh.T, *_posterior(told, s.pow(-2), prior, done)).without_own_source(elsewhere, variance)
    W, error = elsewhere + directions @ along.weights.T, (variance + along.variance).sqrt()
    return LatentInputs(directions, W.fill_diagonal_(0), error.fill_diagonal_(0).numpy(), correlation(done))


@dataclass(frozen=True)
class HidingTrial:
    """Recorded units that were hidden: weights along the directions in which they enter, and what they add [direction,
    latent]; spread [direction]: 1 / s^2."""

    weights: Tensor
    added: Tensor
    spread: Tensor


def trials(upper: Tensor, W: Tensor, number: int, generator: torch.Generator) -> list[HidingTrial]:
    """`number` of the recorded units hidden, several times.

    upper [source, source]: messages are an orthonormal matrix times it. W [target, source]: in directions without
    latent inputs.
    """
    done = []
    for _ in range(DRAWS):
        order = torch.randperm(len(W), generator=generator)
        hidden, seen = order[:number], order[number:]
        U, s, Vh = _decomposed(upper[:, seen])
        directions = torch.linalg.svd(W[:, hidden], full_matrices=False)[0]
        added = U.T @ upper[:, hidden] / s[:, None] @ (W[:, hidden].T @ directions)
        done.append(HidingTrial(Vh @ (W[:, seen].T @ directions), added, s.pow(-2)))
    return done


def correlation(done: list[HidingTrial]) -> float:
    """rho in these trials; every direction of the messages counts alike."""
    w, c = torch.stack([one.weights for one in done]), torch.stack([one.added for one in done])
    together = (w * c).mean(dim=(0, 2)) / (c.square().mean(dim=(0, 2)) * w.square().mean()).sqrt().clamp_min(1e-300)
    return min(MOST_CORRELATION, max(-MOST_CORRELATION, float(together.mean())))


def _decomposed(messages: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U, s and Vh, with no s of zero."""
    U, s, Vh = torch.linalg.svd(messages, full_matrices=False)
    return U, s.clamp_min(max(_LEAST_SINGULAR * float(s[0]), 1e-300)), Vh


def _posterior(told: Tensor, spread: Tensor, prior: float, done: list[HidingTrial]) -> tuple[Tensor, Tensor]:
    """Mean and variance of w [direction, latent] given told = w + c. spread [direction]: 1 / s^2."""
    rho = correlation(done)
    reach = float((told.square() / spread[:, None]).amax()) + prior / float(spread.min())
    kappas = reach * torch.logspace(-14, 1, _KAPPAS, dtype=told.dtype)
    alphas = prior * torch.cat([torch.zeros(1, dtype=told.dtype), torch.logspace(-2, 2, _ALPHAS, dtype=told.dtype)])
    alpha, kappa = (one.ravel() for one in torch.meshgrid(alphas, kappas, indexing="ij"))
    added = alpha[:, None] + kappa[:, None] * spread  # [grid, direction]
    with_told = prior + rho * (prior * added).sqrt()
    variance = (added + 2 * with_told - prior).clamp_min(1e-300)  # of told
    like_units = torch.stack(
        [
            _likelihood(alpha[:, None] + kappa[:, None] * one.spread, one.added).softmax(dim=0).mean(dim=1)
            for one in done
        ]
    ).mean(dim=0)
    odds = ((1 - UNLIKE_UNITS) * like_units + UNLIKE_UNITS / len(alpha)).log()
    weight = torch.softmax(odds[:, None] + _likelihood(variance, told), dim=0).T
    slope = with_told / variance
    mean = weight @ slope
    left = weight @ (prior - with_told * slope).clamp_min(0)
    between = (weight @ slope.square() - mean.square()).clamp_min(0)
    return mean.T * told, left.T + between.T * told.square()


def _likelihood(variance: Tensor, drawn: Tensor) -> Tensor:
    """Of draws [direction, latent] from N(0, variance [grid, direction]): its logarithm [grid, latent]."""
    variance = variance.clamp_min(1e-300)
    return -(variance.log().sum(1)[:, None] + (1 / variance) @ drawn.square()) / 2


@dataclass(frozen=True)
class _Along:
    """A normal distribution of the weights along latent directions. sources [source, direction]: the directions of the
    messages; mean and spread [direction, latent], independent along these; given: added by a condition [source,
    latent]; taken: from the variance of W by a condition [target, source]."""

    directions: Tensor
    sources: Tensor
    mean: Tensor
    spread: Tensor
    given: Tensor | float = 0.0
    taken: Tensor | float = 0.0

    @property
    def weights(self) -> Tensor:
        """[source, latent]."""
        return self.sources @ self.mean + self.given

    @property
    def variance(self) -> Tensor:
        """[target, source]: what these directions add to that of W."""
        return (self.directions.square() @ (self.sources.square() @ self.spread).T - self.taken).clamp_min(0)

    def without_own_source(self, elsewhere: Tensor, variance: Tensor) -> "_Along":
        """Given that W_ii = 0. elsewhere and its variance [target, source]: W in the other directions."""
        D, V = self.directions, self.sources
        off = -(elsewhere.diagonal() + (D * self.weights).sum(dim=1))
        between = torch.diag(variance.diagonal()).clone()  # covariance of W_ii and W_jj
        for loads, spread in zip(D.T, self.spread.T, strict=True):
            between += torch.outer(loads, loads) * ((V * spread) @ V.T)
        between += 1e-10 * between.diagonal().mean() * torch.eye(len(D), dtype=D.dtype)
        inverse = torch.linalg.inv(between)
        pull, given, taken = inverse @ off, [], []
        for row in V:  # of a source j: covariance of w_jk and W_ii [latent, i]
            shared = ((row[:, None] * self.spread).T @ V.T) * D.T
            given.append(shared @ pull)
            taken.append(((D @ (shared @ inverse @ shared.T)) * D).sum(dim=1))
        return _Along(D, V, self.mean, self.spread, torch.stack(given), torch.stack(taken, dim=1))
