"""Textures with the statistics of natural images: amplitude falls as 1 / frequency (Field 1987).

A texture is periodic and already seen through the aperture of one column, a box of the width of a column: sampling it
at the centres of columns needs no pixels in between.
"""

import math

import torch
from torch import Generator, Tensor

PERIOD = 64  # columns after which a texture repeats
RESOLUTION = 4  # samples per column


def draw_texture(generator: Generator, contrast: float) -> Tensor:
    """Luminance [row, column of the texture] in (0, 1) with mean 1/2; contrast: of the underlying Gaussian field."""
    n = PERIOD * RESOLUTION
    frequency = torch.fft.fftfreq(n, d=1 / RESOLUTION, dtype=torch.float64)  # cycles per column
    fy, fx = torch.meshgrid(frequency, frequency, indexing="ij")
    radius = torch.hypot(fx, fy)
    radius[0, 0] = math.inf  # no mean
    spectrum = torch.fft.fft2(torch.randn((n, n), generator=generator, dtype=torch.float64))
    field = torch.fft.ifft2(spectrum / radius * torch.sinc(fx) * torch.sinc(fy)).real
    field = field / field.std()
    return 0.5 * (1 + torch.erf(contrast * field / 2**0.5))


def sample_texture(texture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear values of a periodic texture at positions in columns; x and y of any one shape."""
    n = len(texture)
    x, y = x * RESOLUTION, y * RESOLUTION
    left, low = x.floor(), y.floor()
    wx, wy = x - left, y - low
    x0, y0 = left.long() % n, low.long() % n
    x1, y1 = (x0 + 1) % n, (y0 + 1) % n
    below = texture[y0, x0] * (1 - wx) + texture[y0, x1] * wx
    above = texture[y1, x0] * (1 - wx) + texture[y1, x1] * wx
    return below * (1 - wy) + above * wy
