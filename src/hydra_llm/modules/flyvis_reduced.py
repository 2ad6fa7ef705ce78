"""The reduced problem of variable projection on a graph: the parameters of all neurons are eliminated, what is left
depends on the message function alone.

L(g) = sum_i min_{beta, own_i} mean_t (y_ti - sum_e beta_e m_tj - own_i (v_ti, 1, I_ti))^2 + ridge |beta_i|^2,
m = g / rms(g)

As in modules.phases.reduced: the derivative through the minimisers vanishes, and dividing by the root mean square
removes the scale gauge, without which the ridge would reward large messages. Here each target has its own few sources,
so a regression of its own. Golub & Pereyra (1973); Kaufman (1975).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.models.flyvis_gnn import FlyvisGNN
from hydra_llm.models.stencil import KINKED, Stencil
from hydra_llm.modules.neuron_regressions import Coefficients, NormalEquations
from hydra_llm.modules.neuron_solution import write


@dataclass(frozen=True)
class Eliminated:
    """One evaluation: L, a share of the variance of the target that carries the gradient; the minimisers; rms(g)."""

    loss: Tensor
    found: Coefficients
    scale: float


class FlyvisReducedProblem:
    """L on a fixed set of frames. The message function is evaluated through a table of n_nodes per curve."""

    def __init__(self, net: FlyvisGNN, frames: Frames, n_nodes: int) -> None:
        self._v, self._y = frames.activity.double(), frames.target.double()
        self._external = None if frames.external is None else frames.external.double()
        self._drive = net.spread_input(self._v, self._external)
        self._stencil = Stencil(self._v, n_nodes, shared=not net.edge_embedding, order=KINKED)
        self._nodes = self._stencil.nodes.to(net.W.dtype)
        self._variance = self._y.var(dim=0, unbiased=False).mean()

    def _table(self, net: FlyvisGNN) -> Tensor:
        if net.edge_embedding:
            return net.message(self._nodes)
        assert net.lin_edge is not None  # a known message is not fitted
        value = net.lin_edge(self._nodes[:, :1])
        return value.square() if net.message_form == "square" else value

    def evaluate(self, net: FlyvisGNN, ridge: float) -> Eliminated:
        message = self._stencil(self._table(net).double())  # [frame, source]
        scale = message.pow(2).mean().sqrt()
        message = message / scale
        with torch.no_grad():
            normal = NormalEquations.of(net.graph, net.input_index, message, self._v, self._y, self._external)
            found = normal.solve(torch.full((net.n_neurons,), ridge, dtype=torch.float64, device=self._v.device))
        own = found.slope * self._v + found.constant + found.input * self._drive
        residual = self._y - own - net.graph(found.beta, message)
        loss = residual.pow(2).mean() + ridge * found.beta.pow(2).sum() / net.n_neurons
        return Eliminated(loss / self._variance, found, float(scale))

    def settle(self, net: FlyvisGNN, ridge: float) -> float:
        """Write the minimisers into the network. Returns L."""
        with torch.no_grad():
            evaluated = self.evaluate(net, ridge)
            if torch.isfinite(evaluated.found.beta).all():
                write(net, evaluated.found, evaluated.scale)
        return float(evaluated.loss)
