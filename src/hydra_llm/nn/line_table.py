"""Functions of one state, evaluated at millions of fixed states along straight lines between some hundred nodes.

Where a function has kinks, lines do not ring (nn.interpolation_table has polynomials). What an objective needs beside
the values costs no more than a pass over the states: the transpose for a gradient, and a mean square from the nodes
alone.
"""

import torch
from torch import Tensor


class LineTable:
    """Lines from nodes to states.

    Attributes: nodes [node, neuron] at which to evaluate (one column if all neurons share one curve); shape, that of
    the states [neuron, frame].
    """

    def __init__(self, states: Tensor, n_nodes: int, *, shared: bool) -> None:
        """states [neuron, frame]; shared: one curve for all neurons, else one per neuron over its own range."""
        if n_nodes < 4:
            raise ValueError(f"A table of lines must have at least 4 nodes, got n_nodes={n_nodes}.")
        if shared:
            low, high = (value.reshape(1) for value in states.aminmax())
        else:
            low, high = states.aminmax(dim=1)
        step = ((high - low) / (n_nodes - 2)).clamp_min(1e-9)
        place = (states - low[:, None]) / step[:, None]
        left = place.floor().clamp(0, n_nodes - 2)
        self._share = (place - left).ravel()  # of the right node
        first = n_nodes * torch.arange(len(low), device=states.device)[:, None]  # tables lie one after the other
        self._left = (left.long() + first).ravel()
        self.nodes = low + step * torch.arange(n_nodes, dtype=states.dtype, device=states.device)[:, None]
        self.shape = states.shape
        other = 1 - self._share
        self._squares = self._by_node(other.square(), self._share.square())
        self._products = self._by_node(other * self._share, None)

    def __call__(self, table: Tensor) -> Tensor:
        """Values [neuron, frame] at the states from values [node, neuron or 1] at the nodes."""
        values = table.T.reshape(-1)
        rises = torch.diff(values, append=values[-1:])
        return torch.addcmul(values[self._left], rises[self._left], self._share).view(self.shape)

    def transposed(self, gradient: Tensor) -> Tensor:
        """What a gradient by the values [neuron, frame] is by those at the nodes [node, neuron or 1]."""
        flat = gradient.ravel()
        right = flat * self._share
        return self._in_shape(self._by_node(flat - right, right))

    def mean_square(self, table: Tensor) -> tuple[Tensor, Tensor]:
        """Of the values at all states, and half its derivative by the table [node, neuron or 1]."""
        values = table.T.reshape(-1)
        product = self._squares * values
        product[:-1] += self._products[:-1] * values[1:]
        product[1:] += self._products[:-1] * values[:-1]
        product /= len(self._left)
        return product @ values, self._in_shape(product)

    def _by_node(self, at_left: Tensor, at_right: Tensor | None) -> Tensor:
        """Sums of values of the states over those between the same nodes [neuron * node]."""
        n = self.nodes.numel()
        total = torch.bincount(self._left, at_left, minlength=n)
        if at_right is not None:
            total[1:] += torch.bincount(self._left, at_right, minlength=n)[:-1]
        return total

    def _in_shape(self, flat: Tensor) -> Tensor:
        return flat.view(self.nodes.shape[1], -1).T
