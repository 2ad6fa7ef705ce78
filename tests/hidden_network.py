"""A small network of known law with its recording, for what is found of units that a session hides."""

from typing import Any

N = 8


def hidden_network(n_frames: int, delta_t: float, noise: float, *, seed: int, first: float = 1.0) -> tuple[Any, Any]:
    """Its HiddenPaths, and states u [frame, N]. noise: per frame; first: standard deviation of the first state."""
    import torch

    from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths
    from hydra_llm.families.signal.fitting.spline_law import Curve, SplineLaw

    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Any:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    W = 5 * normal(N, N) / N**0.5
    W.fill_diagonal_(0)
    u = torch.empty(n_frames, N, dtype=torch.float64)
    u[0] = first * normal(N)
    for k in range(n_frames - 1):
        u[k + 1] = u[k] + delta_t * (-u[k] + W @ torch.tanh(u[k])) + noise * normal(N)
    law = SplineLaw(W, Curve.of(torch.tanh, u), Curve.of(torch.neg, u))
    return HiddenPaths(law, torch.full((N,), (noise / delta_t) ** 2).double(), u.mean(0), u.var(0), delta_t), u
