"""The fit of networks whose neurons share their functions: splines first, then perceptrons that follow them.

With both functions as splines the fit has some hundred unknowns beside W, few enough for Gauss-Newton steps: they reach
a relative error of 1e-7 in a dozen steps, where L-BFGS on the weights of perceptrons stalls at 1e-4. Few splines from
several shapes of the message, then more, where the curves bend. A rest that the splines leave is noise, averaged over
all frames, or is closer to zero than SHARE; then knots are worth more than frames. Where held-out frames are predicted
far worse than those of the fit, the directions of W that the recording hardly shows are wrong by what the splines leave
out, and more knots follow, placed by the better curve. W is that of the splines.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fitting.bilinear import BilinearProblem, Minimum, Strengths
from hydra_llm.families.signal.fitting.descent import descend
from hydra_llm.families.signal.fitting.exact_descent import descend_exactly
from hydra_llm.families.signal.fitting.ridge import additive_input
from hydra_llm.families.signal.fitting.spline_curves import write_curves
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.spline import SplineBasis
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import VALIDATION_FRAMES
from hydra_llm.training.phases.base import FitData, Step

SHARE = 3e-2  # of the mean square target: what the first stage leaves unexplained above it counts as noise
STARTS, NOISY = 48, 40  # splines per function: to compare starts, under noise
FEWEST = 6  # frames per neuron: on so many starts are compared, and the last stage uses no fewer
SCREENED, CONTINUED = 10, 12  # steps per start, and of the best one after that
SMOOTHING = 1e-8  # before the data choose it
ROUNDS, MORE = 2, 1.5  # of more knots at most; factor of their number from one to the next
PREDICTED = 1e-3  # share of the held-out frames: a fit that leaves no more needs no more knots
WORSE = 10.0  # times what is left of the frames of the fit, above which what is left of others is not its own kind


class Attempt(Optimizer):
    """An optimiser whose step is the closure: Lightning counts steps of optimisers, and the step is computed there."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters, {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        return None if closure is None else closure()


@dataclass(frozen=True)
class Found:
    """Both functions as splines, with what the data chose."""

    basis: SplineBasis
    a: Tensor  # update [k]
    c: Tensor  # message [k]
    W: Tensor  # [target, source]
    unexplained: float
    strengths: Strengths


class SplinePhase:
    """One interval: starts, then the best one on a finer basis.

    n_splines: per function on that basis. n_frames: evenly spaced; all where the rest is noise. ridge: the weakest
    one while starts are compared. generator: draws one of the starts. goes_on: the message of the network is the only
    start. held_out: frames that say whether more knots are needed; None: the basis stays.
    """

    name = "splines"
    n_intervals = 1

    def __init__(
        self,
        *,
        n_splines: int,
        n_frames: int,
        ridge: float,
        generator: torch.Generator,
        goes_on: bool = False,
        held_out: Callable[[], Frames] | None = None,
    ) -> None:
        self._n_splines, self._n_frames, self._ridge = n_splines, n_frames, ridge
        self._generator, self._goes_on, self._held_out = generator, goes_on, held_out

    @classmethod
    def of(cls, training: SignalTraining, data: FitData, *, goes_on: bool = False) -> Self:
        return cls(
            n_splines=training.spline_knots,
            n_frames=training.spline_frames,
            ridge=training.spline_ridge,
            generator=stream(training.seed, "model_init/starts"),
            goes_on=goes_on,
            held_out=lambda: data.frames("validation").spread(VALIDATION_FRAMES),
        )

    def optimizer(self, net: SignalGNN) -> Optimizer:
        if not net.is_shared:
            raise ValueError(
                "The spline fit needs functions shared by all neurons, and model.embedding_dim is above 0. "
                "Set training.spline_knots=0 and training.projection_iterations above 0."
            )
        return Attempt([net.W, *net.lin_phi.parameters(), *net.lin_edge.parameters()])

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        found: list[Found] = []

        def closure() -> Tensor:
            with torch.no_grad():
                found.append(self._finest(self._start(net, frames), net, frames))
                self._write(found[0], net, frames)
            return torch.tensor(found[0].unexplained)

        step(closure)
        return {"unexplained": found[0].unexplained, "ridge": found[0].strengths.ridge}

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the fit is one interval."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass

    def _start(self, net: SignalGNN, frames: Frames) -> Found:
        """The likeliest of several starts."""
        problem = self._problem(net, frames.spread(_fewest(frames)), STARTS, degree=3)
        strengths, ends = Strengths(1e-2, 0.0, SMOOTHING, SMOOTHING), []
        for shape in self._shapes(net, float(frames.activity.std())):
            c = problem.basis.coefficients(shape)
            point = problem.at(torch.zeros_like(c), c, strengths)
            ends.append(descend(problem, point, strengths, steps=SCREENED, gain=0.01, weakest=self._ridge))
        best = min(ends, key=lambda end: end[1].cost)
        return self._kept(problem, *descend(problem, *best, steps=CONTINUED, gain=0.1, weakest=self._ridge))

    def _finest(self, start: Found, net: SignalGNN, frames: Frames) -> Found:
        """The descent on a finer basis, and on one or two with more knots where held-out frames ask for them."""
        best = self._finer(start, self._n_splines, net, frames)
        if self._held_out is None or best.unexplained > SHARE:
            return best
        held_out = self._held_out()
        left = _left(best, net, held_out)
        for number in range(1, ROUNDS + 1):
            if left < max(PREDICTED, WORSE * best.unexplained):
                break
            found = self._finer(best, int(self._n_splines * MORE**number), net, frames)
            found_left = _left(found, net, held_out)
            if not found_left < left:
                break
            best, left = found, found_left
        return best

    def _finer(self, start: Found, n_splines: int, net: SignalGNN, frames: Frames) -> Found:
        """The functions of the start on a basis whose knots follow them, and the descent from there."""
        noisy = start.unexplained > SHARE
        smooth = frames.spread(max(self._n_frames, _fewest(frames)))
        n_splines, used = (NOISY, frames) if noisy else (n_splines, smooth)
        basis, old = start.basis, (start.a, start.c)
        visited = None if noisy else smooth.activity
        problem = self._problem(net, used, n_splines, 5, basis.bends(start.c, visited))  # an update may be straight
        a, c = (problem.basis.coefficients(partial(basis.curve, coefficients)) for coefficients in old)
        strengths = replace(start.strengths, update=SMOOTHING, message=SMOOTHING)
        point = problem.at(a, c, strengths)
        if noisy:
            return self._kept(problem, *descend(problem, point, strengths, steps=12, gain=1e-5))
        return self._kept(problem, *descend_exactly(problem, point, strengths, steps=40, gain=0.01))

    @staticmethod
    def _kept(problem: BilinearProblem, point: Minimum, strengths: Strengths) -> Found:
        return Found(problem.basis, point.a, point.c, point.W, point.unexplained, strengths)

    @staticmethod
    def _problem(
        net: SignalGNN,
        frames: Frames,
        n_splines: int,
        degree: int,
        density: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> BilinearProblem:
        states = frames.activity.double().cpu()
        known = (frames.target - additive_input(net, frames)).double().cpu()
        return BilinearProblem(states, known, SplineBasis.over(states, n_splines, degree, density))

    def _shapes(self, net: SignalGNN, sd: float) -> list[Callable[[np.ndarray], np.ndarray]]:
        """Messages to start from: one that saturates, one that is rectified, a wave, and one that is drawn."""
        if self._goes_on:
            mlp = copy.deepcopy(net.lin_edge).double().cpu()
            return [lambda u: mlp(torch.from_numpy(u)[:, None] / float(net.state_scale))[:, 0].numpy()]
        drawn = torch.randn(8, generator=self._generator, dtype=torch.float64).numpy()
        return [
            lambda u: np.tanh(u / (0.3 * sd)),
            lambda u: np.maximum(u, 0.0),
            lambda u: np.sin(2 * u / sd),
            lambda u: np.exp(-((u[:, None] / sd - np.arange(-4, 4)) ** 2)) @ drawn,
        ]

    @staticmethod
    def _write(found: Found, net: SignalGNN, frames: Frames) -> None:
        """W of the splines, and perceptrons that follow their curves."""
        write_curves(net, found.basis, found.a, found.c, frames.spread(200).activity)
        net.W.copy_(found.W)


def _left(found: Found, net: SignalGNN, frames: Frames) -> float:
    """The share of the mean square target that the splines leave of these frames."""
    states = frames.activity.double().cpu()
    known = (frames.target - additive_input(net, frames)).double().cpu()
    update, message = (torch.from_numpy(found.basis.curve(part, states.numpy())) for part in (found.a, found.c))
    return float((known - update - message @ found.W.T).square().mean() / known.square().mean().clamp_min(1e-300))


def _fewest(frames: Frames) -> int:
    return FEWEST * frames.activity.shape[1]
