"""W in closed form: the network is linear in W once its functions are given."""

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.model.gnn import SignalGNN


def ridge_weights(message: Tensor, received: Tensor, ridge: float) -> Tensor:
    """W [target, source], zero diagonal, that minimises |received - message W^T|^2 / frames + ridge |W|^2.

    message, received: [frame, neuron]. The own column of each target is left out exactly: with C the inverse of the
    normal matrix, x_i - C[:, i] x_ii / C_ii is the solution constrained to x_ii = 0, so one factorisation serves all
    targets. QR rather than the normal matrix: its condition number is the root of the other's.
    """
    inverse, solution = _solve(message, received, ridge)
    return without_self(inverse, solution).T


def solve_W(net: SignalGNN, frames: Frames, ridge: float) -> None:
    """Set W of the network to the ridge solution, given its present functions; `ridge` is relative to mean message^2.

    Raises ValueError for a multiplicative input, under which each target has a regression of its own.
    """
    with torch.no_grad():
        message = net.message(frames.activity)
        received = frames.target - net.update(frames.activity)
        received = received - additive_input(net, frames)
        net.W.copy_(ridge_weights(message, received, ridge * float(message.pow(2).mean())))


def additive_input(net: SignalGNN, frames: Frames) -> Tensor | float:
    """The part of the derivative that a known additive input explains; 0 where there is none."""
    if net.input_mode == "multiplicative":
        raise ValueError(
            "A closed form for W needs an input that is additive or absent, and external_input_mode is multiplicative. "
            "Fit by Adam (training=signal_adam) with training.W_solve_interval=0, or choose another input mode."
        )
    return frames.external if frames.external is not None and net.input_mode == "additive" else 0.0


def _solve(message: Tensor, received: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    n_frames, n = message.shape
    eye = torch.eye(n, dtype=message.dtype, device=message.device)
    rows = torch.cat([message / n_frames**0.5, ridge**0.5 * eye])
    right = torch.cat([received / n_frames**0.5, torch.zeros(n, received.shape[1]).to(message)])
    Q, R = torch.linalg.qr(rows)
    solution = torch.linalg.solve_triangular(R, Q.T @ right, upper=True)  # [source, target]
    root = torch.linalg.solve_triangular(R, eye, upper=True)
    return root @ root.T, solution


def without_self(inverse: Tensor, solution: Tensor) -> Tensor:
    """Least squares under x_ii = 0 from the solution [source, target] without it; inverse: of the normal matrix."""
    corrected = solution - inverse * (torch.diagonal(solution) / torch.diagonal(inverse))
    return corrected.fill_diagonal_(0)
