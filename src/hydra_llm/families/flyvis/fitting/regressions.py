"""One ridge regression per neuron, all of them at once: what a neuron receives is linear in what its sources send.

slope_i = rate_i (I_i - v_i) + offset_i + sum_{e=(j->i)} beta_e m_j

The moments are those of the oracles (fitting.neighbours). Here they are formed in a single pass and solved by
Cholesky, because a fit solves them some fifty times with penalties far above rounding. Only beta is penalised: where
the data leave a direction open, its weights go to zero and the neuron's own terms take what they could explain.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.neighbours import (
    N_OWN,
    Blocks,
    FrameBlock,
    Group,
    by_recorded,
    frames_at_once,
    normal_matrices,
)

_JITTER = 1e-12  # of the own terms, relative to their mean square: a neuron that never moves has no rate
_EVIDENCE_START, _LARGEST = 1e-4, 1e6  # penalty at first and at most, relative to the mean square message
WIDEST = 100.0  # mean square weight of a neuron, relative to the median over neurons (a trained eye: 70 at most)


@dataclass(frozen=True)
class Coefficients:
    """beta [edge]; rate, offset, residual (the mean square that is left) [neuron]; all float64. held [neuron]: bool,
    whose rate is that of counterparts, against what the data say; None where nobody looked.
    """

    beta: Tensor
    rate: Tensor
    offset: Tensor
    residual: Tensor
    held: Tensor | None = None


class NormalEquations:
    """The second moments of all regressions, ready to be solved for any penalty.

    moments: of (own, 1, messages, slope), per group [neuron, unknown + 1, unknown + 1] and frame.
    """

    def __init__(self, groups: list[Group], blocks: Blocks, recorded: Tensor | None = None) -> None:
        """blocks: of messages, own = I - v and slopes, of any precision. recorded [neuron]: bool, those whose slopes
        are known; None: all. The others have no regression, and what pools share where pools are.
        """
        self.groups, self.unrecorded = by_recorded(groups, recorded)
        sums, self.n_frames = normal_matrices(self.groups, blocks, None)
        self.moments = [total / self.n_frames for total in sums]  # of (own, 1, messages, slope), per neuron

    @classmethod
    def of(
        cls, groups: list[Group], message: Tensor, own: Tensor, slope: Tensor, recorded: Tensor | None = None
    ) -> "NormalEquations":
        """message [frame, source], own = I - v and slope [frame, target], which are all there already."""

        def blocks() -> list[FrameBlock]:
            step = frames_at_once(message.shape[1])
            parts = (values.detach().split(step) for values in (message, own, slope))
            return [FrameBlock(*block) for block in zip(*parts, strict=True)]

        return cls(groups, blocks, recorded)

    def doubt(self, share: float) -> None:
        """Count with an error of every message, independent of all else, with this share of the variance that the
        message has: the moments become the expected ones, so a direction that is told apart by less than such errors
        is left to the prior (Bishop, Neural Computation 7 (1995) 108: training with noise is a ridge).
        """
        for M in self.moments:
            messages = M.diagonal(dim1=1, dim2=2)[:, N_OWN:-1]
            messages += share * (messages - M[:, 1, N_OWN:-1].square()).clamp_min(0)

    def slope_variance(self) -> Tensor:
        """Of the slope over the frames, the mean over neurons."""
        totals = [(M[:, -1, -1] - M[:, 1, -1].square()).sum() for M in self.moments]
        return torch.stack(totals).sum() / sum(len(group.targets) for group in self.groups)

    def solve(self, penalty: float) -> Coefficients:
        """Minimise mean square + penalty |beta|^2."""
        return self._assemble([_solve(M, _filled(M, penalty)) for M in self.moments])

    def evidence(self, iterations: int, floor: float, start: Tensor | None = None) -> tuple[Coefficients, Tensor]:
        """Under a Gaussian prior on beta whose width, one per neuron, maximises the evidence. Returns noise /
        width^2 [neuron] too, from which another call may start, on more frames or fewer.

        MacKay (1992): width^2 = mean(beta^2 + posterior variance), noise = residual / (1 - used share of the frames),
        penalty = noise / (n_frames width^2). floor: least penalty, relative to the mean square message. No width^2 is
        more than WIDEST times the median: the message of a source that hardly moves explains, with a weight large
        enough, whatever is wrong with the slopes of a recording without noise, and such a weight widens its prior.
        """
        widths, noises, ratios = self.moments[0].new_zeros(3, self._n_neurons())
        for group, M in zip(self.groups, self.moments, strict=True):
            size, n_edges = _message_size(M), M.shape[1] - N_OWN - 1
            penalty = _EVIDENCE_START * size
            if start is not None:
                penalty = (start.to(size)[group.targets] / self.n_frames).clamp(floor * size, _LARGEST * size)
            for _ in range(iterations if n_edges else 0):
                factor = _factor(M, penalty)
                x, residual = _solution(M, factor)
                spread = torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)[:, N_OWN:].sum(1)
                used = (n_edges - penalty * spread).clamp_min(0) + N_OWN
                noise = residual / (1 - used / self.n_frames).clamp_min(0.01)
                width = (x[:, N_OWN:].square().sum(1) + noise / self.n_frames * spread) / n_edges
                penalty = (noise / (self.n_frames * width.clamp_min(1e-300))).clamp(floor * size, _LARGEST * size)
                widths[group.targets], noises[group.targets] = width, noise
            ratios[group.targets] = penalty * self.n_frames
        ratios = ratios.maximum(noises / largest_believed(widths))
        found = [
            _solve(M, ratios[group.targets] / self.n_frames) for group, M in zip(self.groups, self.moments, strict=True)
        ]
        return self._assemble(found), ratios

    def covariances(self, ratios: Tensor) -> list[Tensor]:
        """Posterior covariance of the unknowns per group [neuron, unknown, unknown], with the noise that `ratios`
        [neuron], those of `evidence`, leave.
        """
        found = []
        for group, M in zip(self.groups, self.moments, strict=True):
            factor = _factor(M, ratios[group.targets] / self.n_frames)
            _, residual = _solution(M, factor)
            found.append(torch.cholesky_inverse(factor) * (residual / self.n_frames)[:, None, None])
        return found

    def best_on(self, held_out: "NormalEquations", penalties: list[float]) -> Coefficients:
        """With the penalty of each neuron, of these relative to its mean square message, that errs least on frames
        held out.
        """
        solved = []
        for M, other in zip(self.moments, held_out.moments, strict=True):
            found = [_solve(M, relative * _message_size(M)) for relative in penalties]
            best = torch.stack([mean_square(other, x) for x, _ in found]).argmin(0)  # [neuron]
            place = torch.arange(len(M), device=M.device)
            x, residual = (torch.stack(parts)[best, place] for parts in zip(*found, strict=True))
            solved.append((x, residual))
        return self._assemble(solved)

    def _n_neurons(self) -> int:
        return sum(len(group.targets) for group in (*self.groups, *self.unrecorded))

    def _assemble(self, solved: list[tuple[Tensor, Tensor]]) -> Coefficients:
        n_edges = sum(group.edges.numel() for group in (*self.groups, *self.unrecorded))
        beta = self.moments[0].new_zeros(n_edges)
        own = self.moments[0].new_zeros(self._n_neurons(), N_OWN + 1)
        for group, (x, residual) in zip(self.groups, solved, strict=True):
            beta[group.edges] = x[:, N_OWN:]
            own[group.targets] = torch.cat([x[:, :N_OWN], residual.unsqueeze(1)], dim=1)
        return Coefficients(beta, *own.unbind(dim=1))


def largest_believed(widths: Tensor) -> Tensor:
    """Of squared widths [n], the largest that is believed; those of 0 are of none."""
    known = widths[widths > 0]
    return WIDEST * known.median() if len(known) else torch.full_like(widths.sum(), torch.inf)


def mean_square(moments: Tensor, x: Tensor) -> Tensor:
    """Mean of (slope - features x)^2 from the moments of (features, slope), [neuron]."""
    z = torch.cat([-x, torch.ones_like(x[:, :1])], dim=1)
    return torch.einsum("np,npq,nq->n", z, moments, z).clamp_min(0)


def _filled(moments: Tensor, penalty: float) -> Tensor:
    return moments.new_full((len(moments),), penalty)


def _message_size(moments: Tensor) -> Tensor:
    """Mean square message that each neuron receives, [neuron]."""
    squares = moments.diagonal(dim1=1, dim2=2)[:, N_OWN:-1]
    return squares.mean(1).clamp_min(1e-30) if squares.shape[1] else moments.new_ones(len(moments))


def _solve(moments: Tensor, penalty: Tensor) -> tuple[Tensor, Tensor]:
    """Solutions [neuron, unknown] for penalties [neuron], and the mean square that is left [neuron]."""
    return _solution(moments, _factor(moments, penalty))


def _factor(moments: Tensor, penalty: Tensor) -> Tensor:
    """Cholesky factors [neuron, unknown, unknown] of the penalised normal matrices."""
    A = moments[:, :-1, :-1].clone()
    diagonal = A.diagonal(dim1=1, dim2=2)
    diagonal[:, :N_OWN] *= 1 + _JITTER
    diagonal[:, :N_OWN].clamp_min_(1e-30)
    diagonal[:, N_OWN:] += penalty.unsqueeze(1)
    factor, failed = torch.linalg.cholesky_ex(A)
    if failed.any():  # rounding of a nearly singular matrix: a slightly larger penalty is what is wanted
        diagonal += 1e-9 * diagonal.amax(1, keepdim=True)
        factor = torch.linalg.cholesky(A)
    return factor


def _solution(moments: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    x = torch.cholesky_solve(moments[:, :-1, -1:], factor).squeeze(-1)
    return x, mean_square(moments, x)
