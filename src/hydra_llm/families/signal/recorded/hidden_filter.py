"""What a session will show a frame later, from what it has shown so far: an extended Kalman filter over hidden units.

On held-out frames nothing may look ahead, so hidden units are not the completed ones of the fit. Their states and
covariance go on by the law; what the visible units gain over a frame corrects them afterwards (Jazwinski 1970,
Stochastic Processes and Filtering Theory).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hydra_llm.estimation.flow import advance
from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths
from hydra_llm.families.signal.fitting.sessions import SessionStretch
from hydra_llm.families.signal.recorded.predictions import SUBSTEPS


@dataclass(frozen=True)
class OneAhead:
    """Of one stretch [frame - 1, visible unit]: what was recorded a frame later, and what was expected."""

    following: np.ndarray
    expected: np.ndarray


def one_ahead(paths: HiddenPaths, stretch: SessionStretch) -> OneAhead:
    """The filter starts from the mean and variance of the hidden units in other sessions."""
    h, v, dt = stretch.hidden, stretch.visible, paths.delta_t
    law, W = paths.law, paths.law.W
    shown, among = W[v][:, h], W[h][:, h]
    state = stretch.activity[:1].clone()
    state[0, h] = paths.mean[h]
    spread = torch.diag(paths.variance[h])
    own_noise, seen_noise = dt**2 * torch.diag(paths.noise[h]), dt**2 * paths.noise[v]
    expected = torch.empty(len(stretch.activity) - 1, int(v.sum()), dtype=torch.float64)
    eye = torch.eye(len(h), dtype=torch.float64)
    for k in range(len(expected)):
        state[0, v] = stretch.activity[k, v]
        ahead = advance(law, state, None, dt, SUBSTEPS)
        expected[k] = ahead[0, v]
        if len(h):
            sends = law.message.slope(state[:, h])[0]
            gain, spread = _corrected(spread, dt * shown * sends, seen_noise)
            missed = stretch.activity[k + 1, v] - ahead[0, v]
            moves = (1 + dt * law.update.slope(state[:, h])[0]) * eye + dt * among * sends
            correction = moves @ (gain @ missed)
            state[0, h] = _within(ahead[0, h] + correction, paths, h)
            spread = moves @ spread @ moves.T + own_noise
    return OneAhead(stretch.activity[1:, v].numpy(), expected.numpy())


def _corrected(spread: Tensor, seen: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Gain [hidden, visible] and covariance [hidden, hidden] after visible units, which see the hidden ones by `seen`
    [visible, hidden], with noise of that variance [visible]."""
    weighted = seen.T / noise
    after = torch.linalg.inv(torch.linalg.inv(spread) + weighted @ seen)
    return after @ weighted, (after + after.T) / 2


def _within(states: Tensor, paths: HiddenPaths, hidden: Tensor) -> Tensor:
    """No further from the mean than five standard deviations of recorded states: beyond, nobody has seen the law."""
    reach = 5 * paths.variance[hidden].sqrt()
    return torch.maximum(torch.minimum(states, paths.mean[hidden] + reach), paths.mean[hidden] - reach)
