"""The node function at the start of phase 2."""

import math

import torch
from torch import nn

from hydra_llm.families.metabolism.model.gnn import ReactionGNN


def silence(net: ReactionGNN) -> None:
    """No homeostasis: the node function puts out zero, the straight lines of phase 1 are gone."""
    net.zero_node_output()
    with torch.no_grad():
        net.linear.zero_()


def kaiming(net: ReactionGNN, generator: torch.Generator) -> None:
    """Hidden layers drawn again, uniform within gain * sqrt(3 / fan_in) (He et al. 2015), output zero.

    Keeps the gradient alive through tanh, whose gain is 5/3.
    """
    hidden = [layer for layer in net.node_func.net if isinstance(layer, nn.Linear)][:-1]
    with torch.no_grad():
        for layer in hidden:
            bound = 5 / 3 * math.sqrt(3 / layer.in_features)
            drawn = torch.rand(layer.weight.shape, generator=generator, dtype=torch.float64)
            layer.weight.copy_((2 * drawn - 1) * bound)
            layer.bias.zero_()
    net.zero_node_output()
