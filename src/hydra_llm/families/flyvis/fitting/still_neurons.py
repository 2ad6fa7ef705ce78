"""Neurons that never move in a recording: nothing tells their time constant, nor any weight into them."""

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.closed_form import relaxation_of
from hydra_llm.families.flyvis.fitting.pooled import STILL
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN


def still(frames: Frames) -> Tensor:
    """Bool [neuron]: no slope but rounding, in a recording where others move."""
    slope = frames.target
    return slope.square().mean(0) <= STILL * slope.var(dim=0, unbiased=False).mean()


def settle(net: FlyvisGNN, frames: Frames, alike: Tensor) -> Tensor:
    """Give neurons that never move the median rate of counterparts that do, or of all; returns them [neuron].

    What rests is at its equilibrium, at any rate. Neurons without a counterpart that moves take the V_rest of theirs,
    under the weights that they have: that is exact for a neuron without inputs. alike [neuron]: equal for counterparts.
    """
    resting = still(frames)
    if not resting.any() or resting.all():
        return resting
    with torch.no_grad():
        relaxation = relaxation_of(net)
        rate, v_rest = relaxation.rate.detach().clone(), relaxation.v_rest.detach().clone()
        v = frames.activity.double().mean(0, keepdim=True).to(net.W.dtype)
        external = None if frames.external is None else frames.external.double().mean(0, keepdim=True).to(net.W.dtype)
        equilibrium = (v - net.graph(net.W, net.message(v)) - net.spread_input(v, external)).squeeze(0)
        for neuron in resting.nonzero().ravel().tolist():
            moving = (alike == alike[neuron]) & ~resting
            if moving.any():
                rate[neuron] = rate[moving].median()
            else:
                rate[neuron], v_rest[neuron] = rate[~resting].median(), equilibrium[neuron]
        relaxation.set_rate(rate)
        relaxation.v_rest.copy_(v_rest)
    return resting
