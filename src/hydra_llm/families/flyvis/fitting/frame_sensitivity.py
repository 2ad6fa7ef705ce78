"""How the state a frame later answers to the parameters of all neurons, those that act through others included.

Within a frame, d(dx)/dt = J dx + df with df_i = drate_i (I_i - x_i) + doffset_i + sum_e dbeta_e g(x_source(e)): the
steps of FrameMap on this linear equation, and their exact transpose (the discrete adjoint).
"""

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.frame_map import FrameMap, synapses
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

_APART = 1e-3  # of the recorded range: between the voltages whose difference is the slope of a message
_DENSE = 100  # possible pairs per edge up to which all pairs together cost less than the edges alone
_AT_ONCE = 2**24  # products of single edges


class FrameSensitivity:
    """Of the flow of `law` from states x with input I held, both [neuron, frame].

    end: the states a frame later.
    """

    def __init__(self, net: FlyvisGNN, law: FrameMap, x: Tensor, external: Tensor) -> None:
        self._law, self._external = law, external
        self._source, self._target = net.edge_index
        self._n = net.n_neurons
        self._back = synapses(net.edge_index.flip(0), law.weight, net.n_neurons)
        self._stages: list[tuple[Tensor, Tensor, Tensor]] = []  # v, g(v), g'(v)
        apart = _APART * (law.reach[1] - law.reach[0])
        for begin, guess, end in law.steps(x, external):
            for v in (begin, guess):
                rise = (law.message(v + apart) - law.message(v - apart)) / (2 * apart)
                self._stages.append((v, law.message(v), rise))
            self.end = end

    @property
    def mean(self) -> Tensor:
        """The state within the frame, on average [neuron, frame]."""
        begins = [v for v, _, _ in self._stages[::2]]
        return torch.stack(begins).mean(0)

    def forward(self, beta: Tensor, rate: Tensor, offset: Tensor) -> Tensor:
        """The change of `end` with changes of beta [edge], rate and offset [neuron]."""
        kept, gain, second = self._law.exponentials()
        changed = synapses(torch.stack([self._source, self._target]), beta, self._n)
        rate = rate[:, None]
        constant = offset[:, None] + rate * self._external

        def received(stage: tuple[Tensor, Tensor, Tensor], moved: Tensor) -> Tensor:
            v, message, rise = stage
            own = torch.addmm(constant - rate * v, changed, message)
            return torch.addmm(own, self._law.synapses, rise * moved)

        moved = torch.zeros_like(self.end)
        for begin, middle in zip(self._stages[::2], self._stages[1::2], strict=True):
            first = received(begin, moved)
            moved = kept * moved + gain * first
            moved = moved + second * (received(middle, moved) - first)
        return moved

    def adjoint(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """sum over neurons and frames of weight times the change of `end`: its derivatives by beta [edge], rate and
        offset [neuron]. weight [neuron, frame].
        """
        kept, gain, second = self._law.exponentials()
        dense = self._n**2 <= _DENSE * len(self._target)
        beta = weight.new_zeros((self._n, self._n) if dense else len(self._target))
        rate, offset = weight.new_zeros(2, self._n)

        def back(of_received: Tensor, stage: tuple[Tensor, Tensor, Tensor]) -> Tensor:
            v, message, rise = stage
            if dense:
                beta.addmm_(of_received, message.T)
            else:
                self._add_edges(beta, of_received, message)
            rate.add_((of_received * (self._external - v)).sum(1))
            offset.add_(of_received.sum(1))
            return rise * (self._back @ of_received)

        for begin, middle in zip(self._stages[-2::-2], self._stages[::-2], strict=True):
            of_second = second * weight
            of_middle = weight + back(of_second, middle)
            weight = kept * of_middle + back(gain * of_middle - of_second, begin)
        return (beta[self._target, self._source] if dense else beta), rate, offset

    def _add_edges(self, beta: Tensor, of_received: Tensor, message: Tensor) -> None:
        step = max(1, _AT_ONCE // message.shape[1])
        for start in range(0, len(beta), step):
            own = slice(start, start + step)
            beta[own] += (of_received[self._target[own]] * message[self._source[own]]).sum(1)
