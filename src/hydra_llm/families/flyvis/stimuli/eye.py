"""The box eye: each column sees the mean of a square of pixels (BoxEye of flyvis, Lappalainen et al. 2024).

With d pixels per column, column (u, v) looks at row d (u + v / 2) and pixel d v of the frame, counted from its centre
and cut to whole pixels. Pixels beyond the frame are dark; a frame smaller than the lattice of centres is enlarged.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@dataclass(frozen=True)
class BoxEye:
    """An eye of a lattice, `pixels` wide per column."""

    lattice: HexLattice
    pixels: int

    def __post_init__(self) -> None:
        if self.pixels < 1:
            raise ValueError(f"pixels_per_column must be at least 1, got {self.pixels}; flyvis uses 13.")

    @cached_property
    def centres(self) -> Tensor:
        """Pixels from the centre of the frame [column, (row, pixel)]."""
        u, v = torch.from_numpy(self.lattice.uv).double().unbind(1)
        return (self.pixels * torch.stack([u + v / 2, v], dim=1)).long()  # towards zero, as flyvis does

    @cached_property
    def least_frame(self) -> tuple[int, int]:
        """Height and width that hold all centres."""
        height, width = (self.centres.amax(0) - self.centres.amin(0) + 1).tolist()
        return height, width

    def enlarge(self, frames: Tensor) -> Tensor:
        """Frames [frame, height, width], scaled up to the least frame where they are smaller."""
        height, width = frames.shape[1:]
        if height >= self.least_frame[0] and width >= self.least_frame[1]:
            return frames
        resized = functional.interpolate(frames[:, None], self.least_frame, mode="bilinear", antialias=True)
        return resized[:, 0].clamp(0, 1)

    def render(self, frames: Tensor) -> Tensor:
        """Luminance [frame, column] of frames [frame, height, width] in [0, 1]."""
        frames = self.enlarge(frames)
        centre = torch.tensor([size // 2 for size in frames.shape[1:]])
        rows, pixels = (self.centres + centre).unbind(1)
        return self.means(frames, rows, pixels)

    def means(self, frames: Tensor, rows: Tensor, pixels: Tensor) -> Tensor:
        """Means of the squares around (rows, pixels) [position] in each of frames [frame, height, width]."""
        before, size = self.pixels // 2, self.pixels
        top, left = (max(0, int(where.min()) - before) for where in (rows, pixels))
        frames = frames[:, top : int(rows.max()) - before + size, left : int(pixels.max()) - before + size]
        rows, pixels = rows - top, pixels - left
        # Sums over squares are differences of sums over rectangles: the cost does not grow with the square.
        total = functional.pad(frames.double(), (before + 1, size - before - 1, before, size - before - 1))
        total = functional.pad(total, (0, 0, 1, 0)).cumsum(1).cumsum(2)
        sums = (
            total[:, rows + size, pixels + size]
            - total[:, rows, pixels + size]
            - total[:, rows + size, pixels]
            + total[:, rows, pixels]
        )
        return (sums / size**2).clamp(0, 1).to(torch.float32)
