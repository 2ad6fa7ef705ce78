"""What neurons send at millions of voltages, without a network being asked at each."""

from collections.abc import Callable

import torch
from torch import Tensor

from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

Messages = Callable[[Tensor], Tensor]  # g of voltages [neuron, any], of the same shape

_NODES = 2000  # of a curve; straight lines in between, and beyond its ends


def messages_of(net: FlyvisGNN, reach: tuple[float, float]) -> Messages:
    """The message function as it is now, without gradient. reach: lowest and highest voltage of the recording."""
    if net.message_is_known:  # a known form costs less than a table of it
        return lambda v: net.lin_edge(v, v.new_zeros((len(v), 0)))
    return MessageTable(net, reach)


class MessageTable:
    """Curves through _NODES voltages: one for all neurons, or one for each where an embedding tells them apart."""

    def __init__(self, net: FlyvisGNN, reach: tuple[float, float]) -> None:
        with torch.no_grad():
            nodes = torch.linspace(*reach, _NODES, dtype=net.W.dtype, device=net.W.device)
            if net.edge_embedding:
                curves = net.message(nodes[:, None].expand(-1, net.n_neurons)).T
            else:
                curves = net.lin_edge(nodes[:, None], nodes.new_zeros((1, 0))).T
        self._low, self._step = nodes[0], nodes[1] - nodes[0]
        self._first = torch.arange(len(curves), device=nodes.device)[:, None] * _NODES
        self._curves = curves.contiguous().ravel()
        self._rises = torch.diff(curves, append=curves[:, -1:]).contiguous().ravel()

    def __call__(self, v: Tensor) -> Tensor:
        place = (v - self._low) / self._step
        left = place.floor().clamp_(0, _NODES - 2)
        index = left.long() + self._first
        return torch.addcmul(self._curves[index], place.sub_(left), self._rises[index])
