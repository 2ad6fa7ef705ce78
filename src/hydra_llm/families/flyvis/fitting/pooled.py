"""Regressions of all neurons that share what counterparts have in common: a hierarchical prior, its widths by evidence.

x_i = mu_t + d_i for neuron i of type t: rate, offset and one weight per incoming edge. mu_t has one entry per kind of
edge (type of the source and relative column); weights in mu ~ N(0, w_t^2), rates and offsets in mu are free, and
d_i ~ N(0, s_t^2) with one s_t for each of rate, offset and weights. Where the data show that counterparts agree, s goes
to zero and they are fitted as one; where they differ, s stays wide and each neuron is fitted on its own, shrunk towards
its type instead of towards zero. Gelman & Hill (2007), ch. 13; widths by the fixed point of MacKay (1992).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, Group
from hydra_llm.families.flyvis.fitting.regressions import (
    WIDEST,
    Coefficients,
    NormalEquations,
    largest_believed,
    mean_square,
)

_ITERATIONS = 12
_MORE_ITERATIONS = 2  # where the widths come from a fit of nearly the same data
_FIRST_SHARE = 0.1  # of the variance of the parameters, within a type at the start
_NARROWEST = 1e-7  # least width within a type, relative to that between types: equal for all purposes
_WIDEST = 3.0  # largest one: what the data say nothing about would widen without end
_QUIETEST = 1e-4  # least noise, relative to the mean square slope: what a learned message leaves is no smaller
STILL = 1e-12  # mean square slope of a neuron that never moves, relative to the variance of the others
_ROUNDING = 1e-8  # of matrices whose diagonal is 1
_STIFF = 1e4  # B beyond which 1 - M is a more exact M B than the product
_FAR = 2.0  # factor between the rates of counterparts that no recording of all neurons has shown
_APART = 0.2  # of a rate from the median of its counterparts, relative to it: less is no reason for doubt
_SPREADS = 5.0  # the same in median distances of counterparts
_MOST_APART = 0.8  # and what is believed of no rate, however much counterparts differ
_RATE_SPREAD = 0.05  # within a type, relative to its rate, that is believed whatever other types are like
_FEWEST = 3  # counterparts that have a median
_FREE = 1e-12  # precision of rate and offset of a type, relative to what its data say


@dataclass(frozen=True)
class Pools:
    """types [neuron] and kinds [edge], both from 0 without a gap; the target of all edges of a kind has one type.

    Unknowns of all types stand in one vector, type after type: rate, offset, then one weight per kind.
    """

    types: Tensor
    kinds: Tensor
    place: Tensor  # [kind], among the unknowns of its type
    size: Tensor  # [type], number of unknowns

    @classmethod
    def of(cls, types: Tensor, kinds: Tensor, target: Tensor) -> "Pools":
        """target [edge]."""
        owner = types.new_zeros(int(kinds.max()) + 1 if kinds.numel() else 0)
        owner[kinds] = types[target]
        size = torch.bincount(owner, minlength=int(types.max()) + 1)
        order = torch.argsort(owner, stable=True)
        place = torch.empty_like(owner)
        place[order] = torch.arange(len(owner), device=owner.device) - (size.cumsum(0) - size)[owner[order]]
        return cls(types, kinds, N_OWN + place, N_OWN + size)

    @cached_property
    def first(self) -> Tensor:
        """The first unknown of each type [type]."""
        return self.size.cumsum(0) - self.size

    @cached_property
    def first_square(self) -> Tensor:
        """The first element of each type in a buffer of square matrices [type]."""
        return self.size.square().cumsum(0) - self.size.square()

    def rows(self, number: int) -> tuple[slice, slice]:
        """Where the vector and the square matrix of a type stand."""
        n, first, square = (int(part[number]) for part in (self.size, self.first, self.first_square))
        return slice(first, first + n), slice(square, square + n * n)


@dataclass(frozen=True)
class _Members:
    """Neurons of one in-degree: moments divided by their noise, places in the buffers of their types."""

    targets: Tensor  # [neuron]
    edges: Tensor  # [neuron, input]
    A: Tensor  # [neuron, unknown, unknown]
    b: Tensor  # [neuron, unknown]
    place: Tensor  # [neuron, unknown], in the vector of all types
    square: Tensor  # [neuron, unknown, unknown], in the matrices of all types
    own: Tensor  # [neuron], the type

    def without(self, held: Tensor) -> "_Members":
        """The same, where neurons of `held` [neuron of all] say nothing."""
        kept = (~held[self.targets]).to(self.b)
        return replace(self, A=self.A * kept[:, None, None], b=self.b * kept[:, None])


class Widths(NamedTuple):
    """Variances of the prior: within [type, (rate, offset, weight)], between [type]."""

    within: Tensor
    between: Tensor


def pooled(
    normal: NormalEquations, pools: Pools, start: Coefficients, widths: Widths | None = None
) -> tuple[Coefficients, Widths]:
    """The posterior mean of every neuron, and the widths that the evidence gave.

    start: a fit of each neuron alone, whose residuals are the noise and whose parameters set the first widths.
    widths: those of an earlier fit, from which a few iterations go on.
    """
    members = _all_members(normal, pools, start)
    found = _learned(members, pools, start, widths)
    middle, held = _held(members, found, pools, start.rate)
    if held.any():
        found = _learned([part.without(held) for part in members], pools, start, widths)
        middle, held = _held(members, found, pools, start.rate, held)
    beta, own = torch.zeros_like(start.beta), torch.stack([start.rate, start.offset, start.residual], dim=1)
    for part, moments in zip(members, normal.moments, strict=True):
        x = found.of(part, held, middle)
        if normal.unrecorded:
            x = _near(x, found.shared[part.place])
        beta[part.edges] = x[:, N_OWN:]
        own[part.targets] = torch.cat([x[:, :N_OWN], mean_square(moments, x)[:, None]], dim=1)
    _share(normal, pools, found.shared, beta, own)
    return Coefficients(beta, *own.unbind(dim=1), held=held), found.widths


class _Learned(NamedTuple):
    """What the neurons of all types have in common, and how far they may be from it."""

    widths: Widths
    shared: Tensor  # in one vector

    def of(self, part: "_Members", held: Tensor, middle: Tensor) -> Tensor:
        """Unknowns [neuron, unknown]. held [neuron]: those whose rate is that of `middle` [type]."""
        mine, mean = held[part.targets], self.shared[part.place]
        mean[:, 0] = torch.where(mine, middle[part.own], mean[:, 0])
        return mean + _Single.of(part, self.widths.within, mine).deviation(mean)


def _learned(members: "list[_Members]", pools: Pools, start: Coefficients, widths: Widths | None) -> _Learned:
    """widths: see pooled."""
    within, between = _first_widths(members, pools, start)
    most = largest_believed(between)
    narrowest, widest = _NARROWEST**2 / _FIRST_SHARE * within, _WIDEST**2 / _FIRST_SHARE * within
    if widths is not None:
        within, between = widths.within.to(within).minimum(widest).maximum(narrowest), widths.between.to(between)
    for _ in range(_ITERATIONS if widths is None else _MORE_ITERATIONS):
        singles = [_Single.of(part, within) for part in members]
        shared, spread = _shared(members, singles, pools, between)
        squares, used = torch.zeros_like(within), torch.zeros_like(within)
        for part, single in zip(members, singles, strict=True):
            deviation = single.deviation(shared[part.place])
            known = (1 - single.variance(spread[part.square]) / single.widths).clamp(0, 1)
            for which, columns in enumerate((slice(0, 1), slice(1, N_OWN), slice(N_OWN, None))):
                squares[:, which].index_add_(0, part.own, deviation[:, columns].square().sum(1))
                used[:, which].index_add_(0, part.own, known[:, columns].sum(1))
        within = squares / used.clamp_min(1e-9)
        within[:, 0] = within[:, 0].minimum(_largest_spread(within[:, 0], shared[pools.first].abs()))
        within = within.minimum(widest).maximum(narrowest)
        between = _between(pools, shared, spread, between).clamp_max(most)
    singles = [_Single.of(part, within) for part in members]
    return _Learned(Widths(within, between), _shared(members, singles, pools, between)[0])


def _largest_spread(within: Tensor, rate: Tensor) -> Tensor:
    """Of squared widths of rates [type], the largest that are believed [type], given those of the whole network.

    A neuron that is always above 0 and has a synapse on itself shows the sum of its rate and of that weight alone: its
    type would widen on account of the weight. rate [type]: what counterparts share.
    """
    squares = rate.square().clamp_min(1e-4 * rate.square().median() + 1e-300)
    return squares * (WIDEST * (within / squares).median()).clamp_min(_RATE_SPREAD**2)


def _held(
    members: "list[_Members]", found: _Learned, pools: Pools, like: Tensor, held: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The median rate of each type [type], and the neurons [neuron] whose rate is far from it, those of `held` too."""
    rate, moves = torch.zeros_like(like), torch.zeros_like(like, dtype=torch.bool)
    held = moves.clone() if held is None else held
    nobody = torch.zeros_like(held)
    for part in members:
        rate[part.targets] = found.of(part, nobody, rate)[:, 0]
        moves[part.targets] = part.A.diagonal(dim1=1, dim2=2).sum(1) > 0
    middle = torch.ones_like(pools.size, dtype=rate.dtype)
    far = held.clone()
    for number in range(len(pools.size)):
        own = (pools.types == number) & moves
        if int(own.sum()) < _FEWEST:
            continue
        middle[number] = rate[own].median()
        away = (rate - middle[number]).abs() / middle[number]
        far |= own & (away > min(max(_APART, _SPREADS * float(away[own].median())), _MOST_APART))
    return middle, far


def covariances(
    normal: NormalEquations, pools: Pools, start: Coefficients, widths: Widths, held: Tensor
) -> list[Tensor]:
    """Posterior covariance of the unknowns of every neuron, per group [neuron, unknown, unknown]. widths: of the fit;
    start: as for `pooled`; held [neuron]: bool, whose rate is that of counterparts.

    x = mu + d has the covariance D M D + (1 - gain) cov(mu) (1 - gain)^T, and D M D = (1 - gain) D^2.
    """
    members = _all_members(normal, pools, start)
    told = [part.without(held) for part in members]
    _, spread = _shared(told, [_Single.of(part, widths.within) for part in told], pools, widths.between)
    found = []
    for part in members:
        single = _Single.of(part, widths.within, held[part.targets])
        rest = torch.eye(single.gain.shape[1], dtype=single.gain.dtype, device=single.gain.device) - single.gain
        found.append(rest * single.widths[:, None, :] + rest @ spread[part.square] @ rest.mT)
    return found


def _near(x: Tensor, shared: Tensor) -> Tensor:
    """x [neuron, unknown], and what counterparts share where the rate of a neuron is far from theirs.

    Some of its inputs are not recorded: what they did to a rate can make its neuron's weights arbitrarily large.
    """
    far = (x[:, 0] < shared[:, 0] / _FAR) | (x[:, 0] > shared[:, 0] * _FAR)
    return torch.where(far[:, None], shared, x)


def _share(normal: NormalEquations, pools: Pools, shared: Tensor, beta: Tensor, own: Tensor) -> None:
    """Give neurons without a regression what their counterparts share, in place."""
    for group in normal.unrecorded:
        x = shared[placed(pools, group)[1]]
        beta[group.edges] = x[:, N_OWN:]
        own[group.targets, :N_OWN] = x[:, :N_OWN]


def _all_members(normal: NormalEquations, pools: Pools, start: Coefficients) -> list[_Members]:
    still = STILL * float(normal.slope_variance())
    return [
        _members(pools, start, group, moments, normal.n_frames, still)
        for group, moments in zip(normal.groups, normal.moments, strict=True)
    ]


def _members(pools: Pools, start: Coefficients, group: Group, moments: Tensor, n_frames: int, still: float) -> _Members:
    """still: mean square slope up to which a neuron never moves, and says nothing of its parameters."""
    own, place, square = placed(pools, group)
    slope = moments[:, -1, -1]
    noise = start.residual[group.targets].maximum(_QUIETEST * slope).clamp_min(1e-300)
    precision = torch.where(slope > still, n_frames / noise, 0.0)[:, None]
    A, b = moments[:, :-1, :-1] * precision[..., None], moments[:, :-1, -1] * precision
    return _Members(group.targets, group.edges, A, b, place, square, own)


def tied(normal: NormalEquations, pools: Pools, penalty: float) -> Coefficients:
    """Minimise mean square + penalty |beta|^2 with parameters that counterparts have in common."""
    H, h = (normal.moments[0].new_zeros(int(size.sum())) for size in (pools.size.square(), pools.size))
    places = [placed(pools, group) for group in normal.groups]
    for (_, place, square), moments in zip(places, normal.moments, strict=True):
        A = moments[:, :-1, :-1].clone()
        diagonal = A.diagonal(dim1=1, dim2=2)
        diagonal[:, :N_OWN] *= 1 + _FREE
        diagonal[:, N_OWN:] += penalty
        H.index_add_(0, square.ravel(), A.ravel())
        h.index_add_(0, place.ravel(), moments[:, :-1, -1].ravel())
    x = torch.zeros_like(h)
    for number, n in enumerate(pools.size.tolist()):
        rows, square = pools.rows(number)
        x[rows] = inverse(H[square].view(n, n)) @ h[rows]
    beta, own = h.new_zeros(len(pools.kinds)), h.new_zeros(len(pools.types), N_OWN + 1)
    for group, (_, place, _), moments in zip(normal.groups, places, normal.moments, strict=True):
        found = x[place]
        beta[group.edges] = found[:, N_OWN:]
        own[group.targets] = torch.cat([found[:, :N_OWN], mean_square(moments, found)[:, None]], dim=1)
    _share(normal, pools, x, beta, own)
    return Coefficients(beta, *own.unbind(dim=1))


def placed(pools: Pools, group: Group) -> tuple[Tensor, Tensor, Tensor]:
    """Types [neuron] of a group, and where its unknowns stand in the vector and in the matrices of all types."""
    own = pools.types[group.targets]
    local = torch.arange(N_OWN, device=own.device).expand(len(own), N_OWN)
    local = torch.cat([local, pools.place[pools.kinds[group.edges]]], dim=1)
    square = pools.first_square[own, None, None] + local[:, :, None] * pools.size[own, None, None] + local[:, None, :]
    return own, pools.first[own, None] + local, square


def _first_widths(members: list[_Members], pools: Pools, start: Coefficients) -> tuple[Tensor, Tensor]:
    """s^2 [type, (rate, offset, weight)] and w^2 [type]."""
    squares, count = (start.beta.new_zeros(len(pools.size)) for _ in range(2))
    for part in members:
        squares.index_add_(0, part.own, start.beta[part.edges].square().sum(1))
        count.index_add_(0, part.own, torch.full_like(part.own, part.edges.shape[1]).to(count))
    typical = float(start.beta.square().mean()) if start.beta.numel() else 0.0
    between = (squares / count.clamp_min(1)).clamp_min(1e-6 * typical + 1e-300)
    rate, offset = (part.square().mean().clamp_min(1e-300).expand_as(between) for part in (start.rate, start.offset))
    return _FIRST_SHARE * torch.stack([rate, offset, between], dim=1), between


@dataclass(frozen=True)
class _Single:
    """What the data of single neurons say of their deviations d from mu, at given widths.

    With D the widths' roots, B = D A D and M = (1 + B)^-1, E[d] = D M D b - D M B D^-1 mu. M is an explicit inverse,
    whose product with B is as exact as a solution of its equations (Higham 2002, section 14.3) and far faster for
    thousands of small matrices; for a large B it is 1 - M.
    """

    widths: Tensor  # D^2 [neuron, unknown]
    gain: Tensor  # D M B D^-1 [neuron, unknown, unknown]
    alone: Tensor  # D M D b [neuron, unknown]
    own: Tensor  # the diagonal of D M D [neuron, unknown]

    @classmethod
    def of(cls, part: _Members, within: Tensor, held: Tensor | None = None) -> "_Single":
        """held [neuron]: whose rate is that of mu."""
        wide = within[part.own]
        if held is not None:
            wide[:, 0] = torch.where(held, _NARROWEST**2 * wide[:, 0], wide[:, 0])
        widths = torch.cat([wide[:, :N_OWN], wide[:, N_OWN:].expand(-1, part.edges.shape[1])], dim=1)
        D = widths.sqrt()
        B = D[:, :, None] * part.A * D[:, None, :]
        one = torch.eye(B.shape[1], dtype=B.dtype, device=B.device)
        M = inverse(B + one)
        stiff = B.diagonal(dim1=1, dim2=2).amax(1) > _STIFF
        known = torch.where(stiff[:, None, None], one - M, M @ B)
        alone = D * torch.einsum("nab,nb->na", M, D * part.b)
        return cls(widths, D[:, :, None] * known / D[:, None, :], alone, M.diagonal(dim1=1, dim2=2) * widths)

    def deviation(self, shared: Tensor) -> Tensor:
        """Means [neuron, unknown] given mu [neuron, unknown]."""
        return self.alone - torch.einsum("nab,nb->na", self.gain, shared)

    def variance(self, spread: Tensor) -> Tensor:
        """Of the means [neuron, unknown] with the covariance of mu [neuron, unknown, unknown]."""
        return self.own + ((self.gain @ spread) * self.gain).sum(2)

    def information(self) -> tuple[Tensor, Tensor]:
        """What a neuron tells its type, deviations integrated out: precision (D^2 + A^-1)^-1, and its mean times it."""
        return self.gain / self.widths[:, :, None], self.alone / self.widths


def _shared(members: list[_Members], singles: list[_Single], pools: Pools, between: Tensor) -> tuple[Tensor, Tensor]:
    """Posterior means of what the types share, in one vector, and covariances, in a buffer of square matrices."""
    H, h = between.new_zeros(int(pools.size.square().sum())), between.new_zeros(int(pools.size.sum()))
    for part, single in zip(members, singles, strict=True):
        precision, told = single.information()
        H.index_add_(0, part.square.ravel(), precision.ravel())
        h.index_add_(0, part.place.ravel(), told.ravel())
    mean, covariance = torch.zeros_like(h), torch.zeros_like(H)
    for number, n in enumerate(pools.size.tolist()):
        rows, square = pools.rows(number)
        matrix = H[square].view(n, n)
        diagonal = matrix.diagonal().clamp_min(1e-30)
        prior = torch.cat([_FREE * diagonal[:N_OWN], (1 / between[number]).expand(n - N_OWN)])
        spread = inverse((matrix + matrix.T) / 2 + torch.diag(prior))
        mean[rows], covariance[square] = spread @ h[rows], spread.ravel()
    return mean, covariance


def inverse(matrix: Tensor) -> Tensor:
    """Of positive definite matrices [..., unknown, unknown] whose unknowns have very different units."""
    root = matrix.diagonal(dim1=-2, dim2=-1).clamp_min(1e-300).sqrt()
    units = root[..., :, None] * root[..., None, :]
    unitless = matrix / units
    factor, failed = torch.linalg.cholesky_ex(unitless)
    added = _ROUNDING
    while failed.any():  # a direction that is told nothing about, up to rounding; the loop ends, for the diagonal wins
        unitless.diagonal(dim1=-2, dim2=-1).add_(added * (failed > 0)[..., None])
        factor, failed = torch.linalg.cholesky_ex(unitless)
        added *= 10
    return torch.cholesky_inverse(factor) / units


def _between(pools: Pools, shared: Tensor, spread: Tensor, between: Tensor) -> Tensor:
    """Squared widths of what the types share, by MacKay's fixed point."""
    widths = between.clone()
    for number, n in enumerate(pools.size.tolist()):
        if n == N_OWN:
            continue
        rows, square = pools.rows(number)
        variance = spread[square].view(n, n).diagonal()[N_OWN:]
        used = (1 - variance / between[number]).clamp(0, 1).sum().clamp_min(1e-3)
        found = shared[rows][N_OWN:].square().sum() / used
        widths[number] = found.clamp(between[number] / 100, 100 * between[number])
    return widths
