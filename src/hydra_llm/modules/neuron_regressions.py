"""One ridge regression per neuron, all of them at once: what a neuron receives is linear in what its sources send.

y_i = sum_{e=(j->i)} beta_e m_j + slope_i v_i + constant_i + input_i I_i

The normal matrices of neurons with about as many incoming edges are formed together, in float64. Only beta is
penalised. Where the data leave a direction open, the smallest penalty therefore sends the weights in it to zero and
gives what they could explain to the neuron's own terms.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.models.edge_sum import EdgeSum

_GATHER_LIMIT = 2**23  # float64 numbers gathered at once
_JITTER = 1e-12  # of the own terms, relative to their mean square: a neuron that never moves has no slope
_OWN = 3  # slope, constant, input


@dataclass(frozen=True)
class Coefficients:
    """beta [edge], slope, constant, input [neuron]; residual: mean square that is left, [neuron]."""

    beta: Tensor
    slope: Tensor
    constant: Tensor
    input: Tensor
    residual: Tensor


@dataclass(frozen=True)
class _Chunk:
    """Neurons whose incoming edges fit one padded array."""

    neurons: Tensor  # [n]
    edges: Tensor  # [n, K], into W; padding repeats an edge
    exists: Tensor  # [n, K]
    moments: Tensor  # [n, K + 4, K + 4]: of (messages, v, 1, I, y)

    @property
    def n_sources(self) -> int:
        return self.edges.shape[1]


class NormalEquations:
    """The second moments of all regressions, ready to be solved for any penalty."""

    def __init__(self, chunks: list[_Chunk], n_neurons: int, n_edges: int, n_frames: int) -> None:
        self._chunks, self._n_neurons, self._n_edges = chunks, n_neurons, n_edges
        self.n_frames = n_frames

    @classmethod
    def of(
        cls, graph: EdgeSum, input_index: Tensor, message: Tensor, v: Tensor, y: Tensor, external: Tensor | None
    ) -> "NormalEquations":
        """message, v, y [frame, neuron]; external [frame, input] or None."""
        columns = [values.detach().double().T.contiguous() for values in (message, v, y)]
        m, v, y = columns
        drive = torch.zeros_like(v)
        if external is not None:
            drive[input_index] = external.double().T
        chunks = []
        for neurons, edges, exists in _chunks(graph, v.shape[1]):
            sources = graph.source[edges]
            rows = torch.cat(
                [
                    m[sources] * exists.unsqueeze(-1),
                    v[neurons].unsqueeze(1),
                    torch.ones_like(v[neurons]).unsqueeze(1),
                    drive[neurons].unsqueeze(1),
                    y[neurons].unsqueeze(1),
                ],
                dim=1,
            )  # [n, K + 4, frame]
            chunks.append(_Chunk(neurons, edges, exists, rows @ rows.mT / v.shape[1]))
        return cls(chunks, graph.n_neurons, graph.n_edges, v.shape[1])

    def solve(self, penalty: Tensor) -> Coefficients:
        """Minimise mean square + penalty |beta|^2, penalty [neuron]."""
        return self._assemble([_solve(chunk, penalty[chunk.neurons]) for chunk in self._chunks])

    def evidence(self, iterations: int, floor: float) -> tuple[Coefficients, Tensor]:
        """The regressions under a Gaussian prior on beta whose width, one per neuron, maximises the evidence.

        MacKay (1992): width^2 = mean (beta^2 + posterior variance), noise = residual / (1 - used share of the frames),
        penalty = noise / (n_frames width^2). floor: least penalty relative to the mean square message. Also returns the
        penalties [neuron].
        """
        solved, penalties = [], torch.zeros(self._n_neurons, dtype=torch.float64, device=self._device)
        for chunk in self._chunks:
            n_edges = chunk.exists.sum(1).clamp_min(1)
            size = self._message_size(chunk)
            penalty = 1e-4 * size
            for _ in range(iterations):
                factor = _factor(chunk, penalty)
                x, residual = _solution(chunk, factor)
                inverse = torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)
                beta, variance = ((part[:, : chunk.n_sources] * chunk.exists) for part in (x, inverse))
                used = (n_edges - penalty * variance.sum(1)).clamp_min(0) + _OWN
                noise = residual / (1 - used / self.n_frames).clamp_min(0.01)
                width = (beta.square().sum(1) + noise / self.n_frames * variance.sum(1)) / n_edges
                penalty = (noise / (self.n_frames * width.clamp_min(1e-300))).clamp(floor * size, 1e6 * size)
            solved.append(_solve(chunk, penalty))
            penalties[chunk.neurons] = penalty
        return self._assemble(solved), penalties

    def best_on(self, held_out: "NormalEquations", penalties: Tensor) -> tuple[Coefficients, Tensor]:
        """The penalty of each neuron, among `penalties` relative to its mean square message, whose regression errs
        least on held-out frames. Also returns the chosen ones [neuron].
        """
        solved, chosen = [], torch.zeros(self._n_neurons, dtype=torch.float64, device=self._device)
        for chunk, other in zip(self._chunks, held_out._chunks, strict=True):
            size = self._message_size(chunk)
            best = None
            for relative in penalties.tolist():
                x, residual = _solve(chunk, relative * size)
                error = _mean_square(other.moments, x)
                if best is None:
                    best = (error, x, residual, relative * size)
                    continue
                better = error < best[0]
                best = (
                    torch.where(better, error, best[0]),
                    torch.where(better.unsqueeze(1), x, best[1]),
                    torch.where(better, residual, best[2]),
                    torch.where(better, relative * size, best[3]),
                )
            assert best is not None  # at least one penalty
            solved.append((best[1], best[2]))
            chosen[chunk.neurons] = best[3]
        return self._assemble(solved), chosen

    @property
    def _device(self) -> torch.device:
        return self._chunks[0].moments.device

    @staticmethod
    def _message_size(chunk: _Chunk) -> Tensor:
        """Mean square message that each neuron receives, [n]."""
        K = chunk.n_sources
        squares = chunk.moments.diagonal(dim1=1, dim2=2)[:, :K]
        return (squares.sum(1) / chunk.exists.sum(1).clamp_min(1)).clamp_min(1e-30)

    def _assemble(self, solved: list[tuple[Tensor, Tensor]]) -> Coefficients:
        beta = torch.zeros(self._n_edges, dtype=torch.float64, device=self._device)
        own = torch.zeros(self._n_neurons, _OWN + 1, dtype=torch.float64, device=self._device)
        for chunk, (x, residual) in zip(self._chunks, solved, strict=True):
            K = chunk.n_sources
            beta[chunk.edges[chunk.exists]] = x[:, :K][chunk.exists]
            own[chunk.neurons] = torch.cat([x[:, K:], residual.unsqueeze(1)], dim=1)
        return Coefficients(beta, *own.unbind(dim=1))


def _solve(chunk: _Chunk, penalty: Tensor) -> tuple[Tensor, Tensor]:
    """Solutions [n, K + 3] and the mean square that is left [n]."""
    return _solution(chunk, _factor(chunk, penalty))


def _factor(chunk: _Chunk, penalty: Tensor) -> Tensor:
    """Cholesky factors [n, K + 3, K + 3] of the penalised normal matrices."""
    A = chunk.moments[:, :-1, :-1].clone()
    own = A.diagonal(dim1=1, dim2=2)[:, -_OWN:]
    jitter = torch.where(own > 0, _JITTER * own, 1.0)  # without input, its coefficient is zero
    added = torch.where(chunk.exists, penalty.unsqueeze(1), 1.0)  # padding solves to zero
    A.diagonal(dim1=1, dim2=2).add_(torch.cat([added, jitter], dim=1))
    factor, failed = torch.linalg.cholesky_ex(A)
    if failed.any():  # rounding of a nearly singular matrix: a slightly larger penalty is what is wanted
        A.diagonal(dim1=1, dim2=2).add_(1e-9 * A.diagonal(dim1=1, dim2=2).amax(1, keepdim=True))
        factor = torch.linalg.cholesky(A)
    return factor


def _solution(chunk: _Chunk, factor: Tensor) -> tuple[Tensor, Tensor]:
    x = torch.cholesky_solve(chunk.moments[:, :-1, -1:], factor).squeeze(-1)
    return x, _mean_square(chunk.moments, x)


def _mean_square(moments: Tensor, x: Tensor) -> Tensor:
    """Mean of (y - features x)^2 from the moments of (features, y), [n]."""
    z = torch.cat([-x, torch.ones_like(x[:, :1])], dim=1)
    return torch.einsum("np,npq,nq->n", z, moments, z).clamp_min(0)


def _chunks(graph: EdgeSum, n_frames: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(neurons [n], edges [n, K], exists [n, K]) in the order of in-degree, so that there is little padding."""
    starts = graph.target_starts
    degree = starts.diff()
    order = torch.argsort(degree)
    place = 0
    while place < len(order):
        n = 1
        while place + n < len(order) and (n + 1) * (int(degree[order[place + n]]) + 4) * n_frames <= _GATHER_LIMIT:
            n += 1
        neurons = order[place : place + n]
        K = int(degree[neurons[-1]])
        offset = torch.arange(K, device=starts.device)
        exists = offset < degree[neurons].unsqueeze(1)
        within = (starts[neurons].unsqueeze(1) + offset).clamp_max(max(0, graph.n_edges - 1))
        yield neurons, graph.by_target[within], exists
        place += n
