"""Splines written into the perceptrons of a network."""

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.curve_fit import fit_curve
from hydra_llm.nn.spline import SplineBasis

CURVE = 60  # iterations of the perceptrons
BEYOND = 0.15  # of the recorded range: so far the perceptrons follow the straight ends of the splines


def write_curves(net: SignalGNN, basis: SplineBasis, a: Tensor, c: Tensor, states: Tensor) -> None:
    """Fit the update to the curve a and the message to c, both [k], closely where states [frame, neuron] are."""
    margin, visited = BEYOND * (basis.high - basis.low), states.double().cpu().numpy()
    points = [
        np.linspace(basis.low - margin, basis.high + margin, 150),
        np.quantile(visited, np.linspace(0, 1, 100)),
        np.interp(np.linspace(0, 1, 100), np.linspace(0, 1, len(basis.knots)), basis.knots),
    ]
    x = np.unique(np.concatenate(points))
    device = net.W.device
    inputs = torch.from_numpy(x)[:, None] / float(net.state_scale)
    for mlp, coefficients in ((net.lin_edge, c), (net.lin_phi, a)):
        fit_curve(mlp.cpu(), inputs, torch.from_numpy(basis.curve(coefficients, x)), iterations=CURVE)
        mlp.to(device)
