"""The columns of an eye: a hexagon of a hexagonal lattice, in axial coordinates (u, v).

All columns with |u|, |v|, |u + v| <= extent, u outer and v inner, as flyvis orders them: 3 n (n + 1) + 1 of them.
Rotations by 60 degrees and reflections map the hexagon onto itself, so they are permutations of its columns.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

ROTATIONS = 6
FLIPS = (0, 1, 2, 3)  # 0: none; 1, 2, 3: across v = 0, u = 0, u + v = 0


@dataclass(frozen=True)
class HexLattice:
    """The columns within `extent` of the central one."""

    extent: int

    def __post_init__(self) -> None:
        if self.extent < 1:
            raise ValueError(
                f"extent must be at least 1 (7 columns), got {self.extent}; 8 has 217 columns, 15 has 721."
            )

    @property
    def n_columns(self) -> int:
        return 3 * self.extent * (self.extent + 1) + 1

    @cached_property
    def uv(self) -> np.ndarray:
        """Axial coordinates [column, 2]."""
        n = self.extent
        span = range(-n, n + 1)
        return np.array([(u, v) for u in span for v in range(max(-n, -n - u), min(n, n - u) + 1)])

    @cached_property
    def xy(self) -> np.ndarray:
        """Centres in the plane [column, 2], neighbours at distance 1: x = u + v / 2, y = v sqrt(3) / 2."""
        u, v = self.uv.T
        return np.stack([u + v / 2, v * 3**0.5 / 2], axis=1)

    def index(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Column numbers of coordinates on the lattice; -1 outside."""
        n = self.extent
        inside = (np.abs(u) <= n) & (np.abs(v) <= n) & (np.abs(u + v) <= n)
        return np.where(inside, self._table[np.clip(u, -n, n) + n, np.clip(v, -n, n) + n], -1)

    @cached_property
    def _table(self) -> np.ndarray:
        n = self.extent
        table = np.full((2 * n + 1, 2 * n + 1), -1)
        table[self.uv[:, 0] + n, self.uv[:, 1] + n] = np.arange(self.n_columns)
        return table

    def symmetry(self, turns: int, flip: int) -> np.ndarray:
        """The permutation p [column] of a reflection followed by `turns` rotations of 60 degrees.

        image[..., p] is the transformed image: what was seen at a column is seen where the column has moved to.
        """
        if flip not in FLIPS:
            raise ValueError(f"flip must be one of {', '.join(map(str, FLIPS))}, got {flip}.")
        u, v = self.uv.T
        if flip == 1:
            u, v = u + v, -v
        elif flip == 2:
            u, v = -u, u + v
        elif flip == 3:
            u, v = -v, -u
        for _ in range(turns % ROTATIONS):
            u, v = -v, u + v
        return np.argsort(self.index(u, v))
