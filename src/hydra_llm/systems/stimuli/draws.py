"""Random numbers that several patterns draw, always in float64."""

import math

import torch
from torch import Generator, Tensor


def uniform(generator: Generator, low: float, high: float, n: int = 1) -> Tensor:
    """n values between low and high."""
    return low + (high - low) * torch.rand(n, generator=generator, dtype=torch.float64)


def log_uniform(generator: Generator, low: float, high: float, n: int = 1) -> Tensor:
    """n values whose logarithm is uniform between those of low and high."""
    return uniform(generator, math.log(low), math.log(high), n).exp()


def direction(generator: Generator) -> tuple[Tensor, Tensor]:
    """A unit vector of the plane."""
    angle = uniform(generator, 0, 2 * math.pi)
    return angle.cos(), angle.sin()


def coin(generator: Generator) -> bool:
    return bool(torch.rand((), generator=generator) < 0.5)
