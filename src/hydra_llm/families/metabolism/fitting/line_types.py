"""How many kinds of homeostasis the lines of a fit show, and which metabolite follows which.

Lines L_i = (slope, offset [, swing]) come with an information matrix, normally full of lines that the recording barely
determines. If metabolites fall into K types, the lines of a type are one line, and the squared distance

chi^2(K) = min over types z and lines mu of (L - mu_z)^T information (L - mu_z)

is what tying them costs in log likelihood. The Bayesian information criterion weighs it against the number of lines and
the choice of types; a line per metabolite is one of the candidates. No label enters.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

MOST_TYPES = 5
STARTS = 8
_ROUNDS = 20


@dataclass(frozen=True)
class LineTypes:
    """types [metabolite] and the line [type, feature] of each; cost: chi^2; criterion: its BIC, and that of a line per
    metabolite, untied."""

    types: Tensor
    lines: Tensor
    cost: float
    criterion: float
    untied: float

    @property
    def n_types(self) -> int:
        return len(self.lines)

    @property
    def preferred(self) -> bool:
        """Whether types explain the lines better than a line per metabolite."""
        return self.criterion < self.untied


class _Lines:
    """The quadratic chi^2 with its minimum over the lines of given types in closed form."""

    def __init__(self, lines: Tensor, information: Tensor) -> None:
        self.n, self.h = lines.shape
        self.found = lines
        self.blocks = information.reshape(self.n, self.h, self.n, self.h)
        self._pull = (information @ lines.reshape(-1)).reshape(self.n, self.h)
        self._total = float(lines.reshape(-1) @ information @ lines.reshape(-1))

    def tied(self, types: Tensor, n_types: int) -> tuple[float, Tensor]:
        """chi^2 and the lines [type, feature]."""
        member = torch.nn.functional.one_hot(types, n_types).to(self.found)
        normal = torch.einsum("na,nimj,mb->aibj", member, self.blocks, member).reshape(n_types * self.h, -1)
        right = (member.T @ self._pull).reshape(-1)
        scale = normal.diagonal().clamp_min(1e-300).rsqrt()  # slopes and offsets have different units
        scaled = torch.linalg.lstsq(normal * scale * scale[:, None], (scale * right)[:, None], driver="gelsd")
        lines = scale * scaled.solution[:, 0]
        return self._total - float(2 * lines @ right - lines @ normal @ lines), lines.reshape(n_types, self.h)


def line_types(lines: Tensor, information: Tensor, n_observations: int, generator: Generator) -> LineTypes:
    """The number of types, up to MOST_TYPES, with the smallest criterion.

    lines [metabolite, feature]; information: their normal matrix [metabolite * feature, metabolite * feature];
    n_observations: recorded numbers behind it.
    """
    problem = _Lines(lines.double(), information.double())
    per_line = problem.h * math.log(n_observations)
    best: LineTypes | None = None
    for n_types in range(1, min(MOST_TYPES, problem.n) + 1):
        cost, types, tied = min(
            (_descend(problem, n_types, generator) for _ in range(STARTS if n_types > 1 else 1)), key=lambda one: one[0]
        )
        criterion = cost + n_types * per_line + 2 * problem.n * math.log(n_types)
        if best is None or criterion < best.criterion:
            best = LineTypes(types, tied, cost, criterion, problem.n * per_line)
    assert best is not None  # one type is always tried
    return best


def _descend(problem: _Lines, n_types: int, generator: Generator) -> tuple[float, Tensor, Tensor]:
    """From random seeds: k-means in the metric of each line's own information, then single moves in the full one."""
    n, every = problem.n, torch.arange(problem.n)
    own = problem.blocks[every, :, every, :]
    lines = problem.found[torch.randperm(n, generator=generator)[:n_types]]
    types = torch.full((n,), -1)
    for _ in range(_ROUNDS):
        apart = problem.found[:, None] - lines
        nearest = torch.einsum("nki,nij,nkj->nk", apart, own, apart).argmin(dim=1)
        if (nearest == types).all():
            break
        types = nearest
        lines = problem.tied(types, n_types)[1]
    cost, lines = problem.tied(types, n_types)
    improved = True
    while improved:
        improved = False
        for i in range(n):
            for other in range(n_types):
                moved = types.clone()
                moved[i] = other
                trial, trial_lines = problem.tied(moved, n_types)
                if trial < cost * (1 - 1e-9):
                    cost, types, lines, improved = trial, moved, trial_lines, True
    return cost, types, lines
