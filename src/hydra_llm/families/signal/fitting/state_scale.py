"""The scale of the recorded states, which a signal network carries."""

import torch

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.model.gnn import SignalGNN


def set_state_scale(net: SignalGNN, frames: Frames) -> float:
    """Give the network the scale of the recorded states, 1.5 sd, and return it rounded (u_max of the regularisers)."""
    scale = 1.5 * float(frames.activity.std())
    net.state_scale.fill_(max(scale, torch.finfo(frames.activity.dtype).eps))
    return max(1.0, float(round(scale)))
