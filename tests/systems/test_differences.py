"""Finite differences: their order, and when they are exact."""

import math

import pytest
import torch

from hydra_llm.systems.differences import finite_difference


def worst_error(n, order):
    t = torch.linspace(0, 1, n + 1, dtype=torch.float64)[:, None]
    estimate, frames = finite_difference(torch.sin(3 * t), 1 / n, order)
    return (estimate - 3 * torch.cos(3 * t[frames])).abs().max().item()


@pytest.mark.parametrize(("kind", "order"), [("forward", 1), ("central", 2)])
def test_error_falls_with_the_order(kind, order):
    assert math.log2(worst_error(100, kind) / worst_error(200, kind)) == pytest.approx(order, abs=0.1)


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="forward, central"):
        finite_difference(torch.zeros((3, 1)), 0.1, "backward")
