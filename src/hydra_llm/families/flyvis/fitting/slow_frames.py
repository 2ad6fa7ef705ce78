"""A law from frames that are several time constants apart.

What a neuron does to the others within such a frame comes back to it, so a regression whose inputs are what a law made
of them corrects the law by far too much where it feeds back: rounds of prediction errors (innovations) diverge. Here

* rounds regress on the state within the frame, on average, of which a constant input's exponential relaxation has lost
  all but 1/5 at five time constants, and apply half of each error. Counterparts share all parameters, or the first laws
  would differ by more than the data can mend. These rounds come close in predictions, not in weights;
* Gauss-Newton steps on the prediction errors themselves, with the exact derivatives of the flow (frame_sensitivity),
  end at the maximum of the posterior. Conjugate gradients solve a step; their preconditioner is the regression of each
  type that takes what others do as given. Nocedal & Wright, Numerical Optimization (2006), ch. 5, 10.
"""

import logging
import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.closed_form import normal_equations
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.frame_sensitivity import FrameSensitivity
from hydra_llm.families.flyvis.fitting.innovations import ErrorMoments, Filtered, Sequences
from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree
from hydra_llm.families.flyvis.fitting.pooled import Pools
from hydra_llm.families.flyvis.fitting.regressions import NormalEquations
from hydra_llm.families.flyvis.fitting.tied_parameters import TiedParameters, TypeBlocks
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

log = logging.getLogger(__name__)

ROUNDS, STEPS = 16, 6  # of regressions, then of Gauss-Newton
_SLOW = 0.95  # share of a deviation that a frame loses (median over neurons): three time constants
_NOISY = -0.2  # correlation of successive errors (median): below it, what looks fast is noise of the measurement
_MOVED = 0.8  # of the way through a frame's change: where the mean slope of five time constants is the slope
_DAMPED = 0.5  # share of an error that a round corrects
_STATES = 900_000  # neuron states of the frames that Gauss-Newton looks at: derivatives are kept for each
_CONJUGATE, _SOLVED = 20, 0.1  # steps per Gauss-Newton step at most, and the residual that ends them
_SHORTEST = 0.02  # Gauss-Newton step, relative to the full one
_FACTOR = 2.0  # between the rates of two steps, at most
_SPREAD = 1.0  # of the logarithms of rates around their median: a factor of e
SETTLED = 1.0  # gain in log posterior below which nothing is left to do


def are_slow(law: FrameMap, errors: ErrorMoments, delta_t: float) -> bool:
    """Whether frames are so far apart that rounds diverge.

    law: fitted to differences, whose rates are (1 - exp(-rate delta_t)) / delta_t. errors: of predicting each frame
    from the one before it.
    """
    lost = float((law.rate * delta_t).median())
    return lost > _SLOW and float(errors.correlation().median()) > _NOISY


@dataclass(frozen=True)
class SlowFrames:
    """The frames of a fit, and what its counterparts share. message_error: see NormalEquations.doubt."""

    net: FlyvisGNN
    tied: TiedParameters
    sequences: Sequences
    frames: Frames
    message_error: float

    @classmethod
    def of(
        cls, net: FlyvisGNN, pools: Pools, frames: Frames, delta_t: float, most: int, message_error: float
    ) -> "SlowFrames":
        """frames: forward differences, of which whole sequences with about `most` frames in all are used."""
        every = max(1, frames.n_frames // most)
        sequences, own = next(Sequences.groups(net, frames, delta_t, every))
        return cls(net, TiedParameters(pools, net.edge_index[1]), sequences, own, message_error)

    def within(self, law: FrameMap, found: Filtered) -> Frames:
        """States within each frame, with targets that ask the present law for a part of its errors."""
        weight = self._weight(law)
        states, targets = torch.empty_like(found.state), torch.empty_like(found.state)
        rows = zip(found.state, found.error, self.sequences.recorded[1:], self.sequences.external, strict=True)
        for k, (x, error, after, held) in enumerate(rows):
            states[k] = law.within(x + _MOVED * (after - error - x))
            targets[k] = law.slope(states[k], held) + _DAMPED * weight * error
        in_order = self.sequences.in_order
        return Frames(in_order(states), in_order(targets), self.frames.external, self.frames.sequence_start)

    def _weight(self, law: FrameMap) -> Tensor:
        """Slope per error [neuron, 1]: a slope that is held adds (1 - exp(-rate dt)) / rate."""
        return law.rate / -torch.expm1(-law.rate * self.sequences.delta_t)

    def regress(self, law: FrameMap, frames: Frames, variance: Tensor) -> None:
        """Fit the network to the frames of a round. variance [neuron]: of its errors."""
        normal = normal_equations(self.net, by_in_degree(self.net.edge_index, self.net.n_neurons), frames)
        normal.doubt(self.message_error)
        noise = self._weight(law)[:, 0].double().square() * variance.double().clamp_min(1e-12)
        widths = self.tied.widths(self.tied.of(self.net))
        self.tied.put(self.net, self.tied.solved(normal, noise, widths))

    def newton(self, law: FrameMap) -> float:
        """A Gauss-Newton step of the log posterior, halved until it gains. Returns what is gained."""
        before, after, held = self._sample()
        flow = FrameSensitivity(self.net, law, before, held)
        error = after - flow.end
        noise = error.double().square().mean(1).clamp_min(1e-12)
        at = Settled.of(self.tied, self.net)
        step = self._step(flow, error, noise, at, self._local(law, flow, held, noise, at))
        start, length = self._loss(error, noise, at, at.y), 1.0
        while length > _SHORTEST:
            tried = at.moved(length * step)
            self.tied.put(self.net, self.tied.of_settled(tried))
            moved = FrameMap(self.net, law.reach, self.sequences.delta_t, None, law.finer)
            gained = start - self._loss(after - moved(before, held), noise, at, tried)
            if gained > 0:
                return gained
            length /= 2
        self.tied.put(self.net, at.x)
        return 0.0

    def _sample(self) -> tuple[Tensor, Tensor, Tensor]:
        """States, those a frame later and input, each [neuron, frame]; some, evenly spaced."""
        present = self.sequences.present
        y, held = self.sequences.recorded, self.sequences.external
        every = math.ceil(int(present.sum()) * y.shape[1] / _STATES)
        parts = (part.permute(1, 0, 2)[:, present][:, ::every].contiguous() for part in (y[:-1], y[1:], held))
        before, after, held = parts
        return before, after, held

    @staticmethod
    def _loss(error: Tensor, noise: Tensor, at: "Settled", y: Tensor) -> float:
        """Minus the log posterior at y, up to a constant."""
        return float((error.double().square() / noise[:, None]).sum()) / 2 + at.penalty(y)

    def _step(
        self, flow: FrameSensitivity, error: Tensor, noise: Tensor, at: "Settled", inverses: list[Tensor]
    ) -> Tensor:
        """Conjugate gradients on (S^T S / noise + prior) step = S^T error / noise - prior (y - centre), S the
        sensitivity to settled parameters.
        """
        precision = (1 / noise)[:, None].to(error)
        rows = [self.tied.pools.rows(number)[0] for number in range(len(inverses))]

        def conditioned(gradient: Tensor) -> Tensor:
            return torch.cat([part @ gradient[own] for own, part in zip(rows, inverses, strict=True)])

        def back(errors: Tensor) -> Tensor:
            return self.tied.turned_back(at.x, self.tied.gathered(*flow.adjoint(errors)))

        def curved(direction: Tensor) -> Tensor:
            turned = self.tied.expanded(self.tied.turned(at.x, direction))
            moved = flow.forward(*(part.to(error) for part in turned))
            return back(precision * moved) + at.prior * direction

        rest = back(precision * error) - at.prior * (at.y - at.centre)
        step, direction = torch.zeros_like(at.y), conditioned(rest)
        size = first = float(rest @ direction)
        for _ in range(_CONJUGATE):
            if size <= _SOLVED**2 * first:
                break
            image = curved(direction)
            length = size / float(direction @ image)
            step, rest = step + length * direction, rest - length * image
            better = conditioned(rest)
            last, size = size, float(rest @ better)
            direction = better + size / last * direction
        return step

    def _local(self, law: FrameMap, flow: FrameSensitivity, held: Tensor, noise: Tensor, at: "Settled") -> list[Tensor]:
        """Inverse curvatures of each type, were the states of all sources given."""
        mean = flow.mean
        groups = by_in_degree(self.net.edge_index, self.net.n_neurons)
        normal = NormalEquations.of(groups, law.message(mean).T, (held - mean).T, torch.zeros_like(mean).T)
        slopes = self._weight(law)[:, 0].double().square() * noise
        blocks = TypeBlocks.of(normal, self.tied.pools, slopes)
        return blocks.inverted(at.prior, partial(self.tied.turning, at.x))


@dataclass(frozen=True)
class Settled:
    """Where a Gauss-Newton step begins. x: the parameters; y: settled(x); prior: its precision around `centre`.

    A neuron that is always above 0 and sends to itself has one parameter of that weight and its rate together, so the
    prior decides. One of rate * W would be widest at a rate of 0. That of W is, like a rate, about the size of others.
    """

    tied: TiedParameters
    x: Tensor
    y: Tensor
    prior: Tensor
    centre: Tensor

    @classmethod
    def of(cls, tied: TiedParameters, net: FlyvisGNN) -> "Settled":
        x = tied.of(net)
        y, first = tied.settled(x), tied.pools.first
        prior, centre = tied.precision(tied.widths(y)), torch.zeros_like(y)
        prior[first], centre[first] = 1 / _SPREAD**2, y[first].median()
        return cls(tied, x, y, prior, centre)

    def moved(self, step: Tensor) -> Tensor:
        """y after a step in which no rate changes by more than _FACTOR."""
        first, most = self.tied.pools.first, math.log(_FACTOR)
        limited = step.clone()
        limited[first] = step[first].clamp(-most, most)
        return self.y + limited

    def penalty(self, y: Tensor) -> float:
        return float((self.prior * (y - self.centre).square()).sum()) / 2
