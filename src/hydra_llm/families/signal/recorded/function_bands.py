"""Pointwise bands of the learned functions of a recording, where the fit is one of shared curves under noise."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.corrected_splines import CorrectedSplines
from hydra_llm.families.signal.fitting.function_errors import FunctionErrors, SplineRows, function_errors
from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.fitting.noise_correction import DEGREE, LOOKED_WITH, MOST, SPLINES, NoiseCorrection
from hydra_llm.families.signal.fitting.ridge import additive_input
from hydra_llm.families.signal.fitting.spline_phase import NOISY
from hydra_llm.families.signal.learned_functions import values
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.spline import SplineBasis

LEVEL = 0.95


def refused(net: SignalGNN, found: Weights | None, *, is_noise: bool) -> str | None:
    """Why there are no bands, or None."""
    if not net.is_shared:
        return "units have functions of their own, which no splines stand for"
    if found is None:
        return "the input multiplies"
    if not is_noise:
        return "the recording is smooth, so what the fit leaves is an error of the fit itself and has no distribution"
    share = found.determined.sum() / max(1, int(net.off_diagonal.sum()))
    return f"these data determine {share:.0%} of the weights, too few" if share < MOST else None


def errors_of(
    net: SignalGNN,
    frames: Callable[[], Frames],
    correction: NoiseCorrection | None,
    found: Weights,
    known: Tensor | None,
) -> FunctionErrors:
    """frames: the equations of the training frames, asked for where no noise was taken out; known: bool
    [target, source], the synapses that may exist, None: any."""
    message, update = _curve(net.message, net), _curve(net.update, net)
    W = torch.from_numpy(found.value)
    if correction is None:
        own = frames()
        states = own.activity.double()
        basis = _basis(states, message, NOISY)
        rows = SplineRows.of_states(basis, states, (own.target - additive_input(net, own)).double())
    else:
        basis = _basis(correction.equations.recorded.activity.double(), message, SPLINES)
        rows = SplineRows.of_problem(CorrectedSplines.of(basis, correction.equations))
    return function_errors(basis, rows, basis.coefficients(update), basis.coefficients(message), W, known)


def _basis(states: Tensor, message: Callable[[np.ndarray], np.ndarray], n: int) -> SplineBasis:
    even = SplineBasis.over(states, LOOKED_WITH, 3)
    return SplineBasis.over(states, n, DEGREE, even.bends(even.coefficients(message)))


def _curve(function: Callable[[Tensor], Tensor], net: SignalGNN) -> Callable[[np.ndarray], np.ndarray]:
    """A function that all neurons share, at states [point]."""
    return lambda u: values(function, net, np.repeat(u[:, None], net.n_neurons, axis=1))[:, 0]
