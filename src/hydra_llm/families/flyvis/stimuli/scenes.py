"""Procedural video with natural statistics: a textured world, a moving camera, objects that pass in front.

Needs no download. Lengths are in columns (about 5 degrees of the fly's view), speeds in columns per second.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.stimuli.draws import direction, log_uniform, smooth_walk, uniform
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice
from hydra_llm.families.flyvis.stimuli.texture import PERIOD, draw_texture, sample_texture


@dataclass(frozen=True)
class Scenes:
    """A fresh world, camera path and set of objects per sequence.

    Camera: translation and rotation with velocities that forget themselves over camera_memory; a sequence has its own
    typical speed, up to camera_speed. Objects: textured discs, darker or brighter than the world.
    """

    contrast: float = 0.9  # sd of the Gaussian field behind the luminance
    camera_speed: float = 12.0  # columns / s
    camera_turn: float = 1.0  # rad / s
    camera_memory: float = 0.4  # s
    most_objects: int = 4
    object_radius: tuple[float, float] = (0.8, 3.0)  # columns
    object_speed: tuple[float, float] = (2.0, 30.0)  # columns / s

    def draw(self, lattice: HexLattice, n_frames: int, delta_t: float, generator: Generator) -> Tensor:
        world = draw_texture(generator, self.contrast)
        x, y = (torch.from_numpy(lattice.xy[:, k]) for k in range(2))  # [column]
        pace = uniform(generator, 0.05, 1.0)
        place = uniform(generator, 0, PERIOD, 2)
        walk = smooth_walk(generator, n_frames, 3, delta_t, self.camera_memory)  # [frame, (x, y, turn)]
        shift = pace * self.camera_speed * walk[:, :2] + place
        angle = pace * self.camera_turn * walk[:, 2:] + uniform(generator, 0, 2 * math.pi)
        cos, sin = angle.cos(), angle.sin()
        seen = sample_texture(world, cos * x - sin * y + shift[:, :1], sin * x + cos * y + shift[:, 1:])
        n_objects = int(torch.randint(self.most_objects + 1, (), generator=generator))
        for _ in range(n_objects):
            self._pass(seen, world, x, y, lattice.extent, delta_t, generator)
        return seen

    def _pass(
        self, seen: Tensor, world: Tensor, x: Tensor, y: Tensor, extent: int, delta_t: float, generator: Generator
    ) -> None:
        """Paint one object over seen [frame, column]. It crosses the view again and again, on a torus around it."""
        radius = uniform(generator, *self.object_radius)
        speed, (cos, sin) = log_uniform(generator, *self.object_speed), direction(generator)
        size = 2 * (extent + float(radius) + 1)
        t = torch.arange(len(seen), dtype=torch.float64)[:, None] * delta_t
        start = uniform(generator, 0, size, 2)
        own_x = x - ((start[0] + speed * cos * t) % size - size / 2)  # in the frame of the object
        own_y = y - ((start[1] + speed * sin * t) % size - size / 2)
        cover = (radius - torch.hypot(own_x, own_y) + 0.5).clamp(0, 1)  # a column is half covered at the rim
        patch = uniform(generator, 0, PERIOD, 2)
        bright = uniform(generator, -0.4, 0.4)
        surface = (sample_texture(world, own_x + patch[0], own_y + patch[1]) + bright).clamp(0, 1)
        seen.lerp_(surface, cover)
