"""The reduced problem of variable projection on a graph: the parameters of all neurons are eliminated, what is left
depends on the message function alone.

L(g) = sum_i min mean_t (slope_ti - rate_i (I_ti - v_ti) - offset_i - sum_e beta_e m_tj)^2 + ridge |beta_i|^2
m = g / rms(g)

As for the signal family: the derivative through the minimisers vanishes, and dividing by the root mean square
removes the scale gauge, without which the ridge would reward large messages. Here each target has its own few sources,
so a regression of its own. Golub & Pereyra (1973); Kaufman (1975).

g is linear in its values at the nodes of a table, so the gradient is written down at these: the states of all neurons
pass through memory a few times per evaluation, where automatic differentiation would need many passes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.closed_form import write
from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree
from hydra_llm.families.flyvis.fitting.pooled import Pools, tied
from hydra_llm.families.flyvis.fitting.regressions import Coefficients, NormalEquations
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.nn.line_table import LineTable


@dataclass(frozen=True)
class Eliminated:
    """One evaluation: L, a share of the variance of the target that carries the gradient; the minimisers; rms(g)."""

    loss: Tensor
    found: Coefficients
    scale: float


class FlyvisReducedProblem:
    """L on a fixed set of frames. The message function is evaluated through a table of n_nodes per curve.

    pools: counterparts that have their parameters in common; None: each neuron on its own.
    """

    def __init__(self, net: FlyvisGNN, frames: Frames, n_nodes: int, pools: Pools | None = None) -> None:
        self._pools, self._recorded = pools, net.recorded
        v = frames.activity.double()
        external = None if frames.external is None else frames.external.double()
        own, slope = net.spread_input(v, external) - v, frames.target.double()
        self._own, self._slope = own.T.contiguous(), slope.T.contiguous()  # [neuron, frame]
        self._groups = by_in_degree(net.edge_index, net.n_neurons)
        self._lines = LineTable(v.T.contiguous(), n_nodes, shared=not net.edge_embedding)
        self._nodes = self._lines.nodes.to(net.W.dtype)
        seen = slope if self._recorded is None else slope[:, self._recorded]
        self._n_seen, self._variance = seen.numel(), seen.var(dim=0, unbiased=False).mean()

    def _table(self, net: FlyvisGNN) -> Tensor:
        if net.edge_embedding:
            return net.message(self._nodes)
        return net.lin_edge(self._nodes[:, :1], self._nodes[:1, :0])  # one curve, which no embedding tells apart

    def evaluate(self, net: FlyvisGNN, ridge: float) -> Eliminated:
        table = self._table(net)
        with torch.no_grad():
            square, half_slope = self._lines.mean_square(table.double())
            scale = square.sqrt()
            message = self._lines(table.double() / scale)  # [source, frame]
            normal = NormalEquations.of(self._groups, message.T, self._own.T, self._slope.T, self._recorded)
            found = normal.solve(ridge) if self._pools is None else tied(normal, self._pools, ridge)
            unexplained = found.residual.sum() * message.shape[1] / self._n_seen
            loss = (unexplained + ridge * found.beta.pow(2).sum() / net.n_neurons) / self._variance
            by_node = self._lines.transposed(self._by_message(net, message, found)) / scale
            along = (by_node * table).sum() / square  # a larger table is the same message
            gradient = (by_node - along * half_slope).to(table)
        told = loss + (gradient * (table - table.detach())).sum()
        return Eliminated(told, found, float(scale))

    def _by_message(self, net: FlyvisGNN, message: Tensor, found: Coefficients) -> Tensor:
        """Derivative of L by the messages [source, frame]: the minimisers do not change to first order."""
        left = self._slope - torch.addcmul(found.offset[:, None], found.rate[:, None], self._own)
        left -= net.graph.matrix(found.beta) @ message
        if self._recorded is not None:
            left[~self._recorded] = 0
        towards_sources = net.graph.matrix(found.beta, transposed=True) @ left
        return towards_sources.mul_(-2 / (self._n_seen * self._variance))

    def settle(self, net: FlyvisGNN, ridge: float) -> float:
        """Write the minimisers into the network. Returns L."""
        with torch.no_grad():
            evaluated = self.evaluate(net, ridge)
            if torch.isfinite(evaluated.found.beta).all():
                write(net, evaluated.found, evaluated.scale)
        return float(evaluated.loss)
