"""The reduced problem of variable projection on a graph: the parameters of all neurons are eliminated, what is left
depends on the message function alone.

L(g) = sum_i min mean_t (slope_ti - rate_i (I_ti - v_ti) - offset_i - sum_e beta_e m_tj)^2 + ridge |beta_i|^2
m = g / rms(g)

As for the signal family: the derivative through the minimisers vanishes, and dividing by the root mean square
removes the scale gauge, without which the ridge would reward large messages. Here each target has its own few sources,
so a regression of its own. Golub & Pereyra (1973); Kaufman (1975).
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
from hydra_llm.nn.interpolation_table import KINKED, InterpolationTable


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
        self._pools = pools
        v = frames.activity.double()
        external = None if frames.external is None else frames.external.double()
        self._own, self._slope = net.spread_input(v, external) - v, frames.target.double()
        self._groups = by_in_degree(net.edge_index, net.n_neurons)
        self._interpolation = InterpolationTable(v, n_nodes, shared=not net.edge_embedding, order=KINKED)
        self._nodes = self._interpolation.nodes.to(net.W.dtype)
        self._recorded = net.recorded
        self._variance = self._seen(self._slope).var(dim=0, unbiased=False).mean()

    def _seen(self, values: Tensor) -> Tensor:
        """Columns of the recorded neurons."""
        return values if self._recorded is None else values[:, self._recorded]

    def _table(self, net: FlyvisGNN) -> Tensor:
        if net.edge_embedding:
            return net.message(self._nodes)
        return net.lin_edge(self._nodes[:, :1], self._nodes[:1, :0])  # one curve, which no embedding tells apart

    def evaluate(self, net: FlyvisGNN, ridge: float) -> Eliminated:
        message = self._interpolation(self._table(net).double())  # [frame, source]
        scale = message.pow(2).mean().sqrt()
        message = message / scale
        normal = NormalEquations.of(self._groups, message, self._own, self._slope, self._recorded)
        found = normal.solve(ridge) if self._pools is None else tied(normal, self._pools, ridge)
        received = net.graph(found.beta, message)
        residual = self._seen(self._slope - found.rate * self._own - found.offset - received)
        loss = residual.pow(2).mean() + ridge * found.beta.pow(2).sum() / net.n_neurons
        return Eliminated(loss / self._variance, found, float(scale.detach()))

    def settle(self, net: FlyvisGNN, ridge: float) -> float:
        """Write the minimisers into the network. Returns L."""
        with torch.no_grad():
            evaluated = self.evaluate(net, ridge)
            if torch.isfinite(evaluated.found.beta).all():
                write(net, evaluated.found, evaluated.scale)
        return float(evaluated.loss)
