"""Inputs that nobody recorded: what a regression on recorded units leaves is common to many of them.

y_ti = sum_j W_ij m_tj + sum_k z_tk B_ik,  i, j recorded, z a few latent time courses

Least squares without z converges to W + B C, where C is what z shares with the messages: no amount of data takes that
bias away, but it lies within the columns of B. These columns are told by what the regression leaves: they are the
directions among the targets in which it is large and goes on from frame to frame (noise does not). In all other
directions W is unbiased; fitting.weights_beside_latents says what is known of it in these few. Sparse plus low-rank
models: Chandrasekaran, Parrilo & Willsky (2012).

How many directions there are, entries held out of the rest say (number_of_latent_inputs): units in the rows of half of
the frames, predicted from the other units there and from the other frames. Bi-cross-validation: Owen & Perry (2009).
"""

import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.given_functions import Terms

MOST_SHARE = 0.4  # of the targets: beyond, half of them cannot tell the latent inputs of the other half
GAIN = 0.01  # of the held-out error: what one more latent input has to take away
WIDTH, SPLITS = 5, 4  # frames that are averaged, so that noise of single frames counts less; ways to halve the units


def least_squares(terms: Terms) -> Tensor:
    """What W of least squares leaves of the rest [frame, target]."""
    return terms.rest - terms.message @ torch.linalg.lstsq(terms.message, terms.rest).solution


def most_latent_inputs(n_units: int) -> int:
    return int(MOST_SHARE * n_units)


def number_of_latent_inputs(left: Tensor, generator: torch.Generator, gain: float = GAIN) -> int:
    """How many directions of what a regression leaves [frame, target] are common to units. generator: halves units.

    The largest number whose last one takes `gain` of the held-out error away.
    """
    n_rows = len(left) // WIDTH
    means = left[: n_rows * WIDTH].reshape(n_rows, WIDTH, -1).mean(dim=1)
    n_units, half = means.shape[1], n_rows // 2
    most = most_latent_inputs(n_units)
    if half < 2 or most < 1:
        return 0
    frames = (slice(0, half), slice(half, None))
    curves = []
    for _ in range(SPLITS):
        order = torch.randperm(n_units, generator=generator)
        units = (order[: n_units // 2], order[n_units // 2 :])
        curves += [
            _held_out(means, rows, columns, most) for rows in (frames, frames[::-1]) for columns in (units, units[::-1])
        ]
    error = torch.stack(curves).mean(dim=0)
    saves = (error.diff() < -gain).nonzero().ravel()
    return int(saves[-1]) + 1 if len(saves) else 0


def _held_out(means: Tensor, frames: tuple[slice, ...], units: tuple[Tensor, ...], most: int) -> Tensor:
    """Error of predicting the first units in the first frames from the others, with 0, 1, ... most directions, relative
    to none [number]."""
    (rows, others), (held, seen) = frames, units
    target, beside = means[rows][:, held], means[rows][:, seen]
    U, s, Vh = torch.linalg.svd(means[others][:, seen], full_matrices=False)
    scores, loads = beside @ Vh.T / s.clamp_min(1e-12 * s[0].clamp_min(1e-300)), U.T @ means[others][:, held]
    errors = [target.square().sum()]
    for k in range(min(most, len(s))):
        target = target - scores[:, k : k + 1] * loads[k]
        errors.append(target.square().sum())
    errors += errors[-1:] * (most + 1 - len(errors))
    return torch.stack(errors) / errors[0].clamp_min(1e-300)


def directions_of(left: Tensor, number: int, sequence_start: Tensor | None) -> Tensor:
    """The directions [target, number] in which what a regression leaves [frame, target] is largest, by its covariance
    from one frame to the next, to which noise of single frames adds nothing. sequence_start: frames after a jump."""
    follows = torch.ones(len(left), dtype=torch.bool)
    follows[0] = False
    if sequence_start is not None:
        follows[sequence_start[sequence_start < len(left)]] = False
    now = follows.nonzero().ravel()
    covariance = left[now - 1].T @ left[now]
    return torch.linalg.eigh(covariance + covariance.T).eigenvectors.flip(1)[:, :number].contiguous()
