"""What a fitted law makes of a voltage within one recorded frame, integrated finely.

The leak is integrated exactly and what a neuron receives to second order (exponential Runge-Kutta, ETD2RK of Cox &
Matthews 2002): most time constants are as short as a frame, where Euler steps are off by a quarter.
"""

import math
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.closed_form import relaxation_of
from hydra_llm.families.flyvis.fitting.message_table import messages_of
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

_STEP = 0.01  # s, of an exponential step: as long as the shortest time constants of a fly
_FEWEST = 2  # exponential steps per frame
_NUDGE = 1e-3  # of a voltage, relative to half the recorded range, for a derivative
_BEYOND = 3.0  # a state is kept within so many times the recorded range: wrong laws may be unstable


class FrameMap:
    """Phi(v, I) of a network with the relaxation update. v and I [neuron, sequence].

    reach: lowest and highest voltage of the recording. delta_t: of a frame, in seconds. substeps: None for the flow of
    the law; a number for so many Euler steps, where a simulator is known to have taken them. finer: times as many
    exponential steps as usual, for the flow.
    """

    def __init__(
        self,
        net: FlyvisGNN,
        reach: tuple[float, float],
        delta_t: float,
        substeps: int | None = None,
        finer: int = 1,
    ) -> None:
        relaxation = relaxation_of(net)
        with torch.no_grad():
            rate = relaxation.rate
            self.rate, self._drive = rate[:, None], (rate * relaxation.v_rest)[:, None]
            weight = net.W * rate[net.edge_index[1]]
        self.weight = weight
        self.synapses = synapses(net.edge_index, weight, net.n_neurons)
        self.reach, self.finer = reach, finer
        low, high = reach
        self._middle, self._reach = (low + high) / 2, _BEYOND * (high - low) / 2
        self.spread = net.spread_input
        self.message = messages_of(net, reach)
        self._delta_t, self._substeps = delta_t, substeps
        self._steps = finer * max(_FEWEST, math.ceil(delta_t / _STEP - 1e-9))

    def _received(self, v: Tensor, external: Tensor) -> Tensor:
        """What drives dv/dt beside the leak."""
        return torch.addmm(self._drive + self.rate * external, self.synapses, self.message(v))

    def slope(self, v: Tensor, external: Tensor) -> Tensor:
        """dv/dt."""
        return self._received(v, external) - self.rate * v

    def place(self) -> Tensor:
        """Where within a frame [neuron, 1], between 0 and 1, an input acts as it does on average over the frame: later
        ones have decayed less. Of Euler steps, the mean of where they begin.

        0 with finer steps, which recordings without noise have: there is nothing to average out, and between two
        states that are far apart the line is a worse guess than the state where the input came.
        """
        if self.finer > 1:
            return torch.zeros_like(self.rate)
        if self._substeps is not None:
            return torch.full_like(self.rate, (self._substeps - 1) / (2 * self._substeps))
        leak = self.rate * self._delta_t
        return (-1 / torch.expm1(-leak) - 1 / leak).clamp(0.5, 1)

    def within(self, v: Tensor) -> Tensor:
        """States that a wrong law may have sent away, kept near the recorded range."""
        return v.clamp(self._middle - self._reach, self._middle + self._reach)

    def __call__(self, v: Tensor, external: Tensor) -> Tensor:
        """The voltage a frame later, with the input held."""
        if self._substeps is not None:
            for _ in range(self._substeps):
                v = v + self._delta_t / self._substeps * self.slope(v, external)
            return v
        for _, _, end in self.steps(v, external):
            v = end
        return v

    def kept(self) -> Tensor:
        """Share of a deviation that the leak leaves over a frame [neuron]."""
        return torch.exp(-self.rate[:, 0] * self._delta_t)

    def steepness(self, v: Tensor) -> Tensor:
        """Mean derivative of what each neuron sends [neuron] at voltages v [neuron, any], by central differences."""
        half = _NUDGE * self._reach / _BEYOND
        return (self.message(v + half) - self.message(v - half)).mean(1) / (2 * half)

    def derivative(self, steepness: Tensor, of: Tensor | None = None) -> Tensor:
        """What the voltages a frame later [neuron] change by per unit of those of some neurons now [neuron, some].

        steepness [neuron]: derivative of what each sends, held over the frame. of: the neurons; None: all.
        """
        n = len(self.rate)
        of = torch.arange(n, device=steepness.device) if of is None else of
        v = steepness.new_zeros((n, len(of)))
        v[of, torch.arange(len(of), device=of.device)] = 1

        def received(v: Tensor) -> Tensor:
            return self.synapses @ (steepness[:, None] * v)

        if self._substeps is not None:
            for _ in range(self._substeps):
                v = v + self._delta_t / self._substeps * (received(v) - self.rate * v)
            return v
        kept, gain, second = self.exponentials()
        for _ in range(self._steps):
            first = received(v)
            guess = kept * v + gain * first
            v = guess + second * (received(guess) - first)
        return v

    def steps(self, v: Tensor, external: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The steps of the flow: where each begins, its first guess at its end, and its end. The flow asks for messages
        at the first two.
        """
        kept, gain, second = self.exponentials()
        for _ in range(self._steps):
            first = self._received(v, external)
            guess = kept * v + gain * first
            end = guess + second * (self._received(guess, external) - first)
            yield v, guess, end
            v = end

    def exponentials(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of a step, each [neuron, 1]: what is kept of v, and what the first and the change of the input add."""
        leak = self.rate * (self._delta_t / self._steps)
        gained = -torch.expm1(-leak)
        return torch.exp(-leak), gained / self.rate, (leak - gained) / (self.rate * leak)


def synapses(edge_index: Tensor, weight: Tensor, n_neurons: int) -> Tensor:
    """Sparse rows [target, source] of edges (source, target)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse ")  # CSR is in beta, and its checks are off
        shape = (n_neurons, n_neurons)
        return torch.sparse_coo_tensor(edge_index.flip(0), weight, shape).to_sparse_csr()
