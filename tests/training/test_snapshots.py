"""Snapshots keep what the parameters were, not what they become."""

import torch
from torch import nn

from hydra_llm.training.snapshots import Snapshots


def test_later_training_leaves_a_snapshot_alone():
    net, kept = nn.Linear(2, 1), Snapshots()
    kept.take(0, 640, "W", net)
    before = net.weight.detach().clone()
    with torch.no_grad():
        net.weight.add_(1)
    kept.take(0, 1280, "V_rest", net)
    assert torch.equal(kept.taken[0].state["weight"], before)
    assert torch.equal(kept.taken[1].state["weight"], before + 1)
    assert [(s.iteration, s.phase) for s in kept.taken] == [(640, "W"), (1280, "V_rest")]
