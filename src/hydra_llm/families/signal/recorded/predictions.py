"""One frame ahead on held-out frames: the network beside what predicts without it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.flow import advance
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.training.baselines import linear

SUBSTEPS = 2  # Runge-Kutta steps per frame
RIVALS = {
    "random_walk": "the state stays",
    "ar1": "each unit alone, linear",
    "linear": "all units, linear (a vector autoregression)",
}
Next = Callable[[Tensor, Tensor | None], Tensor]  # states [frame, unit], input -> states a frame later


@dataclass(frozen=True)
class Steps:
    """Pairs of neighbouring frames: state, following [frame, unit], and the input between them; first: where a stretch
    begins, places in these rows.
    """

    state: Tensor
    following: Tensor
    external: Tensor | None
    first: Tensor | None

    @classmethod
    def of(cls, recorded: Recorded) -> "Steps":
        frame = recorded.interior(0, 1)
        external = None if recorded.external is None else recorded.external[frame].double()
        u = recorded.activity.double()
        return cls(u[frame], u[frame + 1], external, recorded.starts_within(frame))

    def errors(self, predict: Next) -> np.ndarray:
        """What a prediction misses [frame, unit]."""
        with torch.no_grad():
            return (self.following - predict(self.state, self.external)).numpy()


def network_step(net: nn.Module, delta_t: float) -> Next:
    """The flow of a fitted network over a frame."""
    dtype = next(net.parameters()).dtype

    def predict(u: Tensor, external: Tensor | None) -> Tensor:
        held = None if external is None else external.to(dtype)
        return advance(net, u.to(dtype), held, delta_t, SUBSTEPS).double()

    return predict


def rivals(train: Recorded, validation: Recorded) -> dict[str, Next]:
    """The predictions of RIVALS, fitted to the training frames; the ridge of the last errs least on validation."""
    steps = Steps.of(train)
    mean = steps.state.mean(dim=0)
    centred = steps.state - mean
    gain = (centred * (steps.following - mean)).sum(0) / centred.square().sum(0).clamp_min(1e-300)
    rate = linear(*(Difference("forward").frames(_double(part)) for part in (train, validation)))
    return {
        "random_walk": lambda u, external: u,
        "ar1": lambda u, external: mean + gain * (u - mean),
        "linear": lambda u, external: u + train.delta_t * rate(u, external),
    }


@dataclass(frozen=True)
class HeldOut:
    """errors: mean square error by predictor, in units of the mean square change per frame; likelihood: log likelihood
    per unit and frame (nats), Gaussian with the variance that each unit had in training."""

    errors: Mapping[str, float]
    likelihood: Mapping[str, float]

    @property
    def best_rival(self) -> str:
        return min(RIVALS, key=lambda name: self.errors[name])

    @property
    def skill(self) -> float:
        """1 - the network's mean square error over that of the best rival: 0 is no better, 1 perfect."""
        return 1 - self.errors["network"] / max(self.errors[self.best_rival], 1e-300)


def one_step(predictors: Mapping[str, Next], train: Recorded, held_out: Recorded) -> HeldOut:
    """Every predictor on the held-out frames."""
    return held_out_of(predictors, train, held_out, {})


def held_out_of(
    predictors: Mapping[str, Next],
    train: Recorded,
    held_out: Recorded,
    missed: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> HeldOut:
    """Every predictor on the held-out frames. missed: of further ones, what they miss on the training frames and on the
    held-out frames, both [step, unit]."""
    fitted, tested = Steps.of(train), Steps.of(held_out)
    change = float((tested.following - tested.state).square().mean())
    both = {name: (fitted.errors(predict), tested.errors(predict)) for name, predict in predictors.items()} | dict(
        missed
    )
    errors, likelihood = {}, {}
    for name, (before, now) in both.items():
        variance = np.maximum((before**2).mean(axis=0), 1e-300)
        errors[name] = float((now**2).mean()) / max(change, 1e-300)
        likelihood[name] = float(-0.5 * (np.log(2 * np.pi * variance) + now**2 / variance).mean())
    return HeldOut(errors, likelihood)


def _double(recorded: Recorded) -> Recorded:
    external = None if recorded.external is None else recorded.external.double()
    return Recorded(recorded.activity.double(), external, recorded.delta_t, recorded.sequence_start)
