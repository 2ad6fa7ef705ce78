"""One filter for all neurons: gains that let the prediction errors of a neuron correct the others too.

x_(k+1|k+1) = x_(k+1|k) + K e_(k+1) with a matrix K. Under measurement noise a gain per neuron (innovations) leaves
prediction errors that the errors of presynaptic neurons foretell: whoever sends was measured too high, and what it
sends is expected too high. Regressions take that for a law. The steady-state Kalman gain leaves errors that nothing
before them foretells:

P = F P+ F^T + Q,   K = P (P + R)^-1 = 1 - R (P + R)^-1,   P+ = K R

with F the mean linearisation of the law over a frame, and Q and R diagonal. Anderson & Moore, Optimal Filtering
(1979), ch. 4. The levels come from the errors: R where successive errors of a neuron are uncorrelated, Q where their
variance is the expected one (Mehra, IEEE Trans. Autom. Control 15, 1970, of which this is the diagonal).
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.closed_form import alike_in
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.innovations import (
    LEAST_GAIN,
    LEAST_MEMORY,
    SETTLING,
    TRUSTED,
    ErrorMoments,
    Sequences,
    filtered,
)
from hydra_llm.families.flyvis.fitting.middle_columns import MiddleColumns
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

MOST = 1300  # neurons whose gains are solved for together: an eye of 19 columns. It takes the cube of their number
_ITERATIONS = 40
_SETTLED = 1e-4  # change of a variance per iteration, relative to it
_NOTHING = 1e-4  # of the largest entry: smaller ones are left out of products with F
_LEAST_PROCESS = 0.01  # of the variance of a neuron's prediction errors
_DOUBT = 2.0  # times the standard error of a level by chance: the errors of the law are in the errors, too
_PASSES = 2  # over the recording, until its noise is known well enough for a round


class Noise(NamedTuple):
    """Variances per frame of what drives neurons and of what measures them, each [neuron], and the mean derivative of
    what each neuron sends [neuron], which linearises the law."""

    process: Tensor
    measured: Tensor
    steepness: Tensor

    @classmethod
    def by_single_gains(cls, law: FrameMap, gain: Tensor, variance: Tensor, steepness: Tensor) -> "Noise":
        """As gains one by one tell it. gain, variance [neuron]: K, and of the prediction errors."""
        measured = (1 - gain) * variance
        brought = law.kept().square() * gain * measured
        return cls((variance - measured - brought).maximum(_LEAST_PROCESS * variance), measured, steepness)

    def to(self, like: Tensor) -> "Noise":
        return Noise(*(part.to(like) for part in self))


class Own(NamedTuple):
    """Of every neuron [neuron]: its gain for its own error, what it keeps of a deviation over a frame, the variance of
    its prediction error, the precision of that given all other errors, and the variance that the state before brings
    into the prediction."""

    gain: Tensor
    memory: Tensor
    variance: Tensor
    precision: Tensor
    brought: Tensor


class Gains(NamedTuple):
    """K [neuron, neuron], dense or sparse, and what stands on the diagonals."""

    K: Tensor
    own: Own


def steady(F: Tensor, noise: Noise) -> Gains:
    """Of the time-invariant filter. F [neuron, neuron]: derivative of the next state by the present one.

    A law that blows up foretells nothing of one neuron from another: its neurons are filtered one by one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse ")  # CSR is in beta
        sparse = torch.where(F.abs() > _NOTHING * F.abs().max(), F, 0).to_sparse_csr()
    process, measured = noise.process, noise.measured
    own = process / (process + measured)
    K, inverse, brought = torch.diag(own), torch.eye(len(F)).to(F), torch.zeros_like(F)
    for _ in range(_ITERATIONS):
        before = brought.diagonal()
        brought = sparse @ (sparse @ (K * measured)).T
        brought = (brought + brought.T) / 2
        factor, failed = torch.linalg.cholesky_ex(brought + torch.diag(process + measured))
        if failed or not factor.isfinite().all():
            return steady(torch.diag(F.diagonal().nan_to_num(0).clamp(0, 1)), noise)
        inverse = torch.cholesky_inverse(factor)
        K = -measured[:, None] * inverse
        K.diagonal().add_(1)
        if bool(((brought.diagonal() - before).abs() <= _SETTLED * (before + process)).all()):
            break
    expected = brought.diagonal() + process + measured
    return Gains(K, Own(K.diagonal(), F.diagonal(), expected, inverse.diagonal(), brought.diagonal()))


class JointFilter(NamedTuple):
    """What rounds know of the noise, and where gains are solved for; None: everywhere."""

    noise: Noise
    middle: MiddleColumns | None

    @classmethod
    def of(cls, net: FlyvisGNN, noise: Noise) -> "JointFilter":
        middle = MiddleColumns.of(alike_in(net), net.column, MOST) if net.n_neurons > MOST else None
        return cls(noise.to(net.W), middle)

    def gains(self, law: FrameMap) -> Gains:
        if self.middle is None:
            return steady(law.derivative(self.noise.steepness), self.noise)
        own = self.middle.neurons
        F = law.derivative(self.noise.steepness, own)[own]
        found = steady(F, Noise(*(part[own] for part in self.noise)))
        alone = self._alone(law)
        each = (self.middle.copied(there, here) for there, here in zip(found.own, alone, strict=True))
        return Gains(self.middle.copied_matrix(found.K, alone.gain), Own(*each))

    def _alone(self, law: FrameMap) -> Own:
        """As if no other neuron were there: for those without a counterpart in the middle."""
        kept = law.kept()
        process, measured = self.noise.process, self.noise.measured
        brought = torch.zeros_like(process)
        for _ in range(_ITERATIONS):
            expected = brought + process + measured
            brought = kept.square() * (1 - measured / expected) * measured
        expected = brought + process + measured
        return Own(1 - measured / expected, kept, expected, 1 / expected, brought)

    def heard(
        self, net: FlyvisGNN, law: FrameMap, frames: Frames, alike: Tensor, delta_t: float, every: int
    ) -> "JointFilter | None":
        """With the noise that the recording shows, some sequences of it; None where it shows no measurement noise.

        frames: forward differences. alike [neuron]: equal for neurons that share levels of noise. every: of so many
        sequences one is used.
        """
        now = self
        for _ in range(_PASSES):
            gains = now.gains(law)
            moments, steepness = looked_at(net, law, frames, gains.K, delta_t, every)
            noise = better_noise(gains.own, moments, alike)._replace(steepness=steepness)
            weight = gains.own.memory.clamp_min(LEAST_MEMORY).square()
            if float((weight * noise.measured / moments.variance()).sum() / weight.sum()) < TRUSTED:
                return None
            now = now._replace(noise=noise)
        return now


def looked_at(
    net: FlyvisGNN, law: FrameMap, frames: Frames, gain: Tensor, delta_t: float, every: int
) -> tuple[ErrorMoments, Tensor]:
    """Moments of the prediction errors of some sequences, and the mean steepness of messages [neuron] at their states.

    Arguments as for `filtered` and JointFilter.heard.
    """
    total, steep, n_frames = None, torch.zeros_like(law.rate[:, 0]), 0
    for sequences, own in Sequences.groups(net, frames, delta_t, every, SETTLING):
        with torch.no_grad():
            found = filtered(law, sequences, gain)
            moments = found.moments()
            steep += own.n_frames * law.steepness(sequences.in_order(found.state).T)
        n_frames += own.n_frames
        total = moments if total is None else total + moments
    assert total is not None  # a recording has frames
    return total, steep / n_frames


def better_noise(own: Own, found: ErrorMoments, alike: Tensor) -> Noise:
    """Levels, shared by counterparts, with which successive errors of a neuron would be uncorrelated and their variance
    as expected. Steepness is left at 0.

    1 - K_ii = R_i ((P + R)^-1)_ii, and e_(k+1) holds about -F_ii e_k per unit of K_ii. Q_i is what R_i leaves of the
    variance: of a neuron that is slow, a small part. Law and levels may err together there (a larger Q believes the
    recording, and the law then relaxes faster, which asks for a larger Q), so both are drawn to what neurons share.
    """
    variance, memory = found.variance(), own.memory.clamp_min(LEAST_MEMORY)
    unit = variance / (own.variance * own.precision)  # of 1 - K_ii, in R_i
    gain = (own.gain + found.correlation() / memory).clamp(LEAST_GAIN, 1.5)
    count = torch.bincount(alike)[alike].to(variance)
    spread = _DOUBT * unit / memory / (found.n_pairs * count).sqrt()
    measured = in_common(_mean_over((1 - gain) * unit, alike), spread)
    variance = _mean_over(variance, alike)
    measured = measured.clamp_min(0).minimum((1 - LEAST_GAIN) * variance)
    spread = (spread.square() + 2 * (_DOUBT * variance).square() / (found.n_frames * count)).sqrt()
    process = in_common(variance - measured - _mean_over(own.brought, alike), spread)
    return Noise(process.maximum(_LEAST_PROCESS * variance), measured, torch.zeros_like(process))


def in_common(values: Tensor, spread: Tensor) -> Tensor:
    """Values [neuron] drawn to their median as far as they are told less exactly than they differ. spread [neuron]:
    standard errors. The variance between them is that of moments (DerSimonian & Laird 1986), from medians.
    """
    middle = values.median()
    differ = (values - middle).square().median() / 0.4549  # the median of chi^2 with one degree of freedom
    between = (differ - spread.square().median()).clamp_min(0)
    return middle + between / (between + spread.square()) * (values - middle)


def _mean_over(values: Tensor, alike: Tensor) -> Tensor:
    """The mean of counterparts [neuron]."""
    total = values.new_zeros(int(alike.max()) + 1).index_add_(0, alike, values)
    return (total / torch.bincount(alike, minlength=len(total)).clamp_min(1))[alike]
