"""The reduced problem of variable projection: W is eliminated, what is left depends on the two functions alone.

L(message, update) = min_W mean_ti (y_ti - update_ti - sum_j W_ij m_tj)^2 + ridge |W|^2 / n,  m = message / rms(message)

Because W is the minimiser, the derivative of L through W vanishes (envelope theorem), so the gradient needs the solve
but no differentiation of it. Dividing by the root mean square removes the scale gauge; without that the ridge term
would reward large messages. Golub & Pereyra (1973); Kaufman (1975).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.ridge import additive_input, ridge_weights
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.interpolation_table import InterpolationTable


@dataclass(frozen=True)
class Residual:
    """One evaluation of the reduced problem."""

    loss: Tensor  # scalar, carries the gradient
    scale: Tensor  # rms of the message, scalar
    W: Tensor  # [target, source], for m


class ReducedProblem:
    """L on a fixed set of frames, with the functions evaluated through a table (nn.interpolation_table)."""

    def __init__(self, net: SignalGNN, frames: Frames, n_nodes: int) -> None:
        self.frames = frames
        self.table = InterpolationTable(frames.activity, n_nodes, shared=net.is_shared)
        self._known = frames.target - additive_input(net, frames)
        self.variance = frames.target.pow(2).mean()

    def tables(self, net: SignalGNN) -> tuple[Tensor, Tensor]:
        """message and update [node, neuron or 1] at the nodes."""
        nodes = self.table.nodes
        if net.is_shared:
            x = (nodes / net.state_scale)[:, :1]  # [node, 1]
            return net.lin_edge(x), net.lin_phi(x)
        return net.message(nodes), net.update(nodes)

    def evaluate(self, net: SignalGNN, ridge: float) -> Residual:
        message_table, update_table = self.tables(net)
        message = self.table(message_table)
        scale = message.pow(2).mean().sqrt()
        message = message / scale
        received = self._known - self.table(update_table)
        with torch.no_grad():
            W = ridge_weights(message, received, ridge)
        residual = received - message @ W.T
        loss = residual.pow(2).mean() + ridge * W.pow(2).sum() / len(W)
        return Residual(loss / self.variance, scale, W)

    def settle(self, net: SignalGNN, ridge: float) -> float:
        """Write the minimiser into net.W. Returns L."""
        with torch.no_grad():
            found = self.evaluate(net, ridge)
            if torch.isfinite(found.W).all():
                net.W.copy_(found.W / found.scale)
        return float(found.loss)
