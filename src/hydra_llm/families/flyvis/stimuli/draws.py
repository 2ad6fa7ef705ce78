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


def smooth_walk(generator: Generator, n_frames: int, n: int, delta_t: float, memory: float) -> Tensor:
    """Positions [frame, n] of n random walks from about 0, with smooth velocities of variance 1.

    A velocity forgets itself over `memory` (an Ornstein-Uhlenbeck process), whatever the frame delta_t.
    """
    forget = math.exp(-delta_t / memory)
    kicks = torch.randn((n_frames, n), generator=generator, dtype=torch.float64)
    velocity = [kicks[0]]
    for kick in kicks[1:]:
        velocity.append(forget * velocity[-1] + (1 - forget**2) ** 0.5 * kick)
    return delta_t * torch.stack(velocity).cumsum(0)


def coin(generator: Generator) -> bool:
    return bool(torch.rand((), generator=generator) < 0.5)
