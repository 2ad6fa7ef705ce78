"""What any fit has to beat: predictions of du/dt that need no network.

constant: the mean of each unit over the training frames. persistence: the state stays as it is. linear: affine in the
states and the input, with the ridge that errs least on the validation frames, as a fit keeps the checkpoint that does.
Of more than WIDE states, their principal components and the unit's own state stand for all.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hydra_llm.choice import check_choice
from hydra_llm.data.windows import Frames
from hydra_llm.identifiability.least_squares import Solver, best_ridge, factorise
from hydra_llm.training.recovery import unexplained_variance

BASELINES = ("constant", "persistence", "linear")
FRAMES = 4000  # training frames that the linear one is fitted to, evenly spaced
WIDE, COMPONENTS = 300, 200
_ROUNDING = 1e-12  # squared singular values below this share of the largest span nothing
STATES = 2**25  # of the frames that the linear one is fitted to: beyond, fewer frames

Prediction = Callable[[Tensor, Tensor | None], Tensor]  # states, input -> du/dt [frame, unit]


def baseline_losses(train: Frames, validation: Frames, names: Sequence[str]) -> dict[str, float]:
    """Of each baseline the share of the variance of the validation target that it leaves, as unexplained_variance."""
    losses = {}
    for name in names:
        check_choice("must_beat", name, BASELINES)
        losses[name] = float(unexplained_variance(_of(name, train, validation), _double(validation)))
    return losses


def _of(name: str, train: Frames, validation: Frames) -> Prediction:
    if name == "constant":
        mean = train.target.mean(dim=0, dtype=torch.float64)
        return lambda u, external: mean.expand_as(u)
    if name == "persistence":
        return lambda u, external: torch.zeros_like(u)
    return linear(train, validation)


def linear(train: Frames, validation: Frames) -> Prediction:
    """du/dt affine in the states and the input."""
    width = train.activity.shape[1] + (0 if train.external is None else train.external.shape[1])
    frames, held_out = _double(train.spread(min(FRAMES, STATES // width))), _double(validation)
    features = _joined(frames.activity, frames.external)
    centre, spread = features.mean(dim=0), features.std(dim=0)
    spread = torch.where(spread > 0, spread, 1.0)
    features = (features - centre) / spread
    mean = frames.target.mean(dim=0)
    basis, own = torch.eye(features.shape[1], dtype=torch.float64), None
    if frames.activity.shape[1] > WIDE:
        basis = _components(features)
    scores = features @ basis
    seen = (_joined(held_out.activity, held_out.external) - centre) / spread @ basis
    solver = Solver(factorise([(scores, frames.target - mean)]), float(torch.finfo(train.activity.dtype).eps))
    weights, _ = best_ridge(solver, factorise([(seen, held_out.target - mean)]), constrain=False)
    if frames.activity.shape[1] > WIDE:  # what the components leave of a unit's own state, and of its target
        states = features[:, : frames.activity.shape[1]]
        loadings = torch.linalg.lstsq(scores, states).solution
        left = states - scores @ loadings
        rest = frames.target - mean - scores @ weights
        own = (left * rest).sum(0) / left.square().sum(0).clamp_min(1e-300)
        weights = weights - loadings * own

    def predict(u: Tensor, external: Tensor | None) -> Tensor:
        rows = (_joined(u, external) - centre) / spread
        predicted = mean + rows @ basis @ weights
        return predicted if own is None else predicted + own * rows[:, : u.shape[1]]

    return predict


def _components(features: Tensor) -> Tensor:
    """The first principal components [feature, component] of features [frame, feature], by the smaller matrix."""
    if len(features) >= features.shape[1]:
        return torch.linalg.eigh(features.T @ features).eigenvectors[:, -COMPONENTS:]
    values, vectors = (part[..., -COMPONENTS:] for part in torch.linalg.eigh(features @ features.T))
    spanned = values > _ROUNDING * values[-1]
    return features.T @ vectors[:, spanned] / values[spanned].sqrt()


def _joined(u: Tensor, external: Tensor | None) -> Tensor:
    return u if external is None else torch.cat([u, external], dim=1)


def _double(frames: Frames) -> Frames:
    external = None if frames.external is None else frames.external.double()
    return Frames(frames.activity.double(), frames.target.double(), external)
