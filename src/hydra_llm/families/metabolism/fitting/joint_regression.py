"""The oracle of reaction networks: joint least squares for rate constants and homeostasis, given the rate law.

dc_i/dt = sum_j S_ij law_j(c) k_j + slope_i c_i + offset_i [+ swing_i clock]

is linear in (k, slope, offset, swing). Every metabolite sees a handful of reactions only, so its rows are condensed on
their own, and the small triangles are solved together. Columns are scaled to unit length: rate constants and offsets
have different units, and the condition number should not depend on them.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hydra_llm.identifiability.least_squares import NULL_PROJECTION, Factor, Solver, factorise
from hydra_llm.identifiability.samples import Samples

LINES = ("none", "metabolite")  # or a tensor of types: one line for all metabolites of a type
_BLOCK = 4096  # frames per step

Laws = Callable[[Tensor, Tensor | None], Tensor]  # c, external -> rates per unit of their constants [frame, reaction]


@dataclass(frozen=True)
class MetaboliteRows:
    """The equations of one metabolite, condensed: reactions (indices), then (c, 1 [, clock])."""

    reactions: Tensor
    factor: Factor


@dataclass(frozen=True)
class Condensed:
    """All equations of a recording, condensed by metabolite.

    n_line: features per metabolite besides its reactions. rounding: relative precision of the recording.
    """

    rows: Sequence[MetaboliteRows]
    n_reactions: int
    n_line: int
    rounding: float

    @classmethod
    def of(cls, samples: Samples, laws: Laws, stoichiometry: Tensor, *, input_mode: str) -> "Condensed":
        """laws: in float64, the true ones for an oracle, or learned ones. stoichiometry [metabolite, reaction]."""
        S = stoichiometry.double()
        n, m = S.shape
        clock = input_mode == "clock"

        def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
            for start in range(0, samples.n_frames, _BLOCK):
                c, target, external = samples.block(start, start + _BLOCK)
                if external is not None and input_mode == "additive":
                    target = target - external
                yield c, laws(c, external), target, external if clock else None

        taking_part = [S[i].nonzero().ravel() for i in range(n)]
        parts: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(n)]
        for c, law, target, phase in blocks():
            one = c.new_ones((len(c), 1))
            for i, reactions in enumerate(taking_part):
                line = [c[:, i : i + 1], one, *([] if phase is None else [phase])]
                features = torch.cat([law[:, reactions] * S[i, reactions], *line], dim=1)
                parts[i].append((features, target[:, i : i + 1]))
        rows = [MetaboliteRows(r, factorise(part)) for r, part in zip(taking_part, parts, strict=True)]
        return cls(rows, m, 2 + clock, samples.rounding)

    @property
    def n_metabolites(self) -> int:
        return len(self.rows)

    def solve(self, lines: str | Tensor) -> "JointFit":
        """Joint least squares. lines: none, metabolite (a line each), or types [metabolite] (a line per type).

        Constants that the data do not determine come out as the smallest solution.
        """
        m, n, h = self.n_reactions, self.n_metabolites, self.n_line
        groups = _groups(lines, n)
        n_lines = 0 if groups is None else int(groups.max()) + 1
        height = sum(len(row.factor.R) for row in self.rows)
        features = torch.zeros((height, m + h * n_lines), dtype=torch.float64)
        target = torch.zeros((height, 1), dtype=torch.float64)
        residual, n_rows, top = torch.zeros(1, dtype=torch.float64), 0, 0
        for i, row in enumerate(self.rows):
            R, own = row.factor.R, slice(top, top + len(row.factor.R))
            features[own, row.reactions] = R[:, : len(row.reactions)]
            if groups is not None:
                first = m + h * int(groups[i])
                features[own, first : first + h] = R[:, len(row.reactions) :]
            target[own] = row.factor.Z
            residual, n_rows, top = residual + row.factor.residual, n_rows + row.factor.n_rows, own.stop
        scale = features.norm(dim=0)
        scale = torch.where(scale > 0, scale, 1.0)
        small = factorise([(features / scale, target)])
        factor = Factor(small.R, small.Z, small.residual + residual, n_rows)
        return JointFit(Solver(factor, self.rounding), scale, m, h, groups)

    def lines_given(self, k: Tensor) -> Tensor:
        """The best line [metabolite, (slope, offset [, swing])] of every metabolite for given rate constants."""
        found = []
        for row in self.rows:
            split = len(row.reactions)
            R, left = row.factor.R, row.factor.Z[:, 0] - row.factor.R[:, :split] @ k[row.reactions].double()
            found.append(torch.linalg.lstsq(R[:, split:], left[:, None], driver="gelsd").solution[:, 0])
        return torch.stack(found)


@dataclass(frozen=True)
class JointFit:
    """Least squares over rate constants and lines, with what the data determine of each."""

    solver: Solver
    scale: Tensor  # [unknown]
    n_reactions: int
    n_line: int
    groups: Tensor | None  # the line of every metabolite

    @cached_property
    def _solution(self) -> tuple[Tensor, Tensor]:
        weights, inverse, _ = self.solver.least_squares()
        variance = inverse.diagonal() * self.solver.variance(weights)
        return weights[:, 0] / self.scale, variance.clamp_min(0).sqrt() / self.scale

    @property
    def k(self) -> Tensor:
        """Rate constants [reaction]; of those not determined, some may be negative."""
        return self._solution[0][: self.n_reactions]

    @property
    def k_error(self) -> Tensor:
        """Standard errors of k [reaction], from what the fit leaves unexplained."""
        return self._solution[1][: self.n_reactions]

    @property
    def lines(self) -> Tensor | None:
        """(slope, offset [, swing]) of every metabolite [metabolite, n_line], None if none were fitted."""
        return self._of_metabolites(self._solution[0])

    @cached_property
    def _known(self) -> Tensor:
        return self.solver.null_projector.diagonal().clamp_min(0).sqrt() < NULL_PROJECTION

    @property
    def identifiable(self) -> Tensor:
        """bool [reaction]."""
        return self._known[: self.n_reactions]

    @property
    def rank(self) -> int:
        return self.solver.rank

    @property
    def n_unknowns(self) -> int:
        return len(self.scale)

    @property
    def null_dimensions(self) -> int:
        return self.n_unknowns - self.rank

    @property
    def condition_number(self) -> float:
        """Of the part of the unknowns that the data determine."""
        s = self.solver.singular_values
        return float(s[0] / s[self.rank - 1]) if self.rank else math.inf

    @property
    def standard_error_log10(self) -> Tensor:
        """Standard error of log10 k [reaction], by the slope of the logarithm; infinite where k <= 0."""
        relative = self.k_error / self.k / math.log(10)
        return torch.where(self.k > 0, relative, math.inf)

    def _of_metabolites(self, values: Tensor) -> Tensor | None:
        if self.groups is None:
            return None
        return values[self.n_reactions :].reshape(-1, self.n_line)[self.groups]

    def without_lines(self) -> tuple[Tensor, Tensor]:
        """A [row, reaction] and z [row] of |A k - z|^2: the lines follow the constants and are projected out."""
        R, Z, m = self.solver.factor.R, self.solver.factor.Z[:, 0], self.n_reactions
        Q = torch.linalg.qr(R[:, m:]).Q
        A = R[:, :m] * self.scale[:m]
        return A - Q @ (Q.T @ A), Z - Q @ (Q.T @ Z)

    # ---- what initialisation decides ----

    def luck(self, log_k_init: Tensor, iterations: int = 60) -> Tensor:
        """log10 k [draw, reaction] that least squares in log k reaches from log_k_init [draw, reaction].

        Damped Gauss-Newton steps of least length: what the data determine is found, the rest stays as near to its start
        as the data allow. So the draws differ in the constants that nothing but initialisation decides.
        """
        A, z = self.without_lines()
        return torch.stack([_least_move(A, z, start, iterations) for start in log_k_init.double()])

    def sentence(self, faults: Mapping[str, int]) -> str:
        """What these data cannot determine, in words. faults: reasons that the stoichiometry gives, with counts."""
        lost = int((~self.identifiable).sum())
        if lost == 0 and self.null_dimensions == 0:
            lines = "" if self.groups is None else " and the homeostasis of every metabolite"
            return (
                f"These data determine all {self.n_reactions} rate constants{lines} if the rate law is known "
                f"(condition number {self.condition_number:.1e})."
            )
        text = (
            f"These data determine {self.rank} of {self.n_unknowns} combinations of unknowns; "
            f"{lost} of {self.n_reactions} rate constants take part in an undetermined one"
        )
        reasons = ", ".join(f"{count} {reason}" for reason, count in faults.items())
        return f"{text} (of reactions, {reasons})." if reasons else f"{text}."


def _least_move(A: Tensor, z: Tensor, start: Tensor, iterations: int) -> Tensor:
    """Levenberg-Marquardt on |A 10^x - z|^2 from x = start."""
    log_k, m, damping = start, len(start), 1e-2

    def residual(x: Tensor) -> Tensor:
        return A @ (10**x) - z

    r = residual(log_k)
    eye = torch.eye(m, dtype=A.dtype)
    for _ in range(iterations):
        J = A * (10**log_k * math.log(10))
        normal, gradient = J.T @ J, J.T @ r
        unit = normal.diagonal().max()
        step = torch.linalg.solve(normal + damping * unit * eye, -gradient).clamp(-1, 1)
        trial = residual(log_k + step)
        if trial.square().sum() < r.square().sum():
            log_k, r, damping = log_k + step, trial, max(damping / 10, 1e-13)
            if step.abs().max() < 1e-9:
                break
        else:
            damping *= 10
            if damping > 1e6:
                break
    return log_k


def _groups(lines: str | Tensor, n: int) -> Tensor | None:
    if isinstance(lines, Tensor):
        return lines.long()
    if lines not in LINES:
        raise ValueError(f"lines must be one of {', '.join(LINES)}, or a type per metabolite, got {lines!r}.")
    return torch.arange(n) if lines == "metabolite" else None
