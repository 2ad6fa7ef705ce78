"""Parameters that counterparts have in common, in one vector, and the Gaussian prior of their weights.

Rate, offset and weights are those of slope_i = rate_i (I_i - v_i) + offset_i + sum_e beta_e g_source(e). Weights into a
type have one width, by MacKay's fixed point (1992); rates and offsets are free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.closed_form import relaxation_of, write
from hydra_llm.families.flyvis.fitting.neighbours import N_OWN
from hydra_llm.families.flyvis.fitting.pooled import Pools, inverse, placed
from hydra_llm.families.flyvis.fitting.regressions import Coefficients, NormalEquations, largest_believed
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

_ITERATIONS = 3  # of the widths, which go on from those of the round before
_FREE = 1e-12  # precision of rate and offset, relative to what the data say
_NARROWEST = 1e-3  # least mean square weight of a type, relative to the median over types


@dataclass(frozen=True)
class TiedParameters:
    """Between a network and a vector [unknown] in the order of Pools: type after type rate, offset, weights."""

    pools: Pools
    target: Tensor  # [edge]

    @property
    def size(self) -> int:
        return int(self.pools.size.sum())

    @cached_property
    def _rate(self) -> Tensor:
        return self.pools.first[self.pools.types]

    @cached_property
    def _weight(self) -> Tensor:
        return self.pools.first[self.pools.types[self.target]] + self.pools.place[self.pools.kinds]

    @cached_property
    def _owner(self) -> Tensor:
        """The type of each unknown."""
        return torch.repeat_interleave(torch.arange(len(self.pools.size), device=self.target.device), self.pools.size)

    @cached_property
    def _is_weight(self) -> Tensor:
        within = torch.arange(self.size, device=self.target.device) - self.pools.first[self._owner]
        return within >= N_OWN

    def expanded(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """beta [edge], rate [neuron], offset [neuron]."""
        return x[self._weight], x[self._rate], x[self._rate + 1]

    def gathered(self, beta: Tensor, rate: Tensor, offset: Tensor) -> Tensor:
        """The transpose of expanded: sums over counterparts [unknown], in float64."""
        total = torch.zeros(self.size, dtype=torch.float64, device=beta.device)
        for place, values in ((self._weight, beta), (self._rate, rate), (self._rate + 1, offset)):
            total.index_add_(0, place, values.double())
        return total

    def of(self, net: FlyvisGNN) -> Tensor:
        """Means over counterparts."""
        relaxation = relaxation_of(net)
        with torch.no_grad():
            rate = relaxation.rate.double()
            parts = net.W.double() * rate[self.target], rate, rate * relaxation.v_rest.double()
            return self.gathered(*parts) / self.gathered(*(torch.ones_like(part) for part in parts))

    def put(self, net: FlyvisGNN, x: Tensor) -> None:
        beta, rate, offset = self.expanded(x)
        write(net, Coefficients(beta, rate, offset, torch.zeros_like(rate)))

    def settled(self, x: Tensor) -> Tensor:
        """The logarithm of each rate, offset / rate and weight / rate: what is recorded where a voltage has settled."""
        first = self.pools.first
        y = x / x[first][self._owner]
        y[first] = x[first].log()
        return y

    def of_settled(self, y: Tensor) -> Tensor:
        """The inverse of settled."""
        first = self.pools.first
        rate = y[first].exp()
        x = y * rate[self._owner]
        x[first] = rate
        return x

    def turned(self, x: Tensor, change: Tensor) -> Tensor:
        """The change of x that a small change of settled(x) makes."""
        first = self.pools.first
        rate, faster = x[first], change[first]
        found = rate[self._owner] * change + x * faster[self._owner]
        found[first] = rate * faster
        return found

    def turned_back(self, x: Tensor, gradient: Tensor) -> Tensor:
        """The transpose of turned: a gradient with respect to settled(x) from one with respect to x."""
        first = self.pools.first
        found = x[first][self._owner] * gradient
        found[first] = torch.zeros_like(found[first]).index_add_(0, self._owner, x * gradient)
        return found

    def turning(self, x: Tensor, number: int) -> Tensor:
        """turned, as the matrix [unknown, unknown] of one type."""
        own = x[self.pools.rows(number)[0]]
        matrix = torch.diag(own[0].expand(len(own)).clone())
        matrix[:, 0] = own
        return matrix

    def widths(self, x: Tensor) -> Tensor:
        """Mean square weight of each type [type], of weights in x, whatever they are measured in."""
        squares, count = (x.new_zeros(len(self.pools.size)) for _ in range(2))
        owner = self._owner[self._is_weight]
        squares.index_add_(0, owner, x[self._is_weight].square())
        count.index_add_(0, owner, torch.ones_like(owner).to(count))
        found = squares / count.clamp_min(1)
        known = found[found > 0]
        return found.clamp_min(_NARROWEST * float(known.median()) if len(known) else 1.0)

    def precision(self, widths: Tensor) -> Tensor:
        """Of the prior of weights [unknown]: 0 for rates and offsets."""
        return torch.where(self._is_weight, 1 / widths[self._owner], 0.0)

    def solved(self, normal: NormalEquations, noise: Tensor, widths: Tensor) -> Tensor:
        """The posterior mean [unknown] of regressions with noise [neuron], a variance of slopes; widths [type] are
        where those of the prior begin.
        """
        blocks = TypeBlocks.of(normal, self.pools, noise)
        x, most = torch.zeros_like(blocks.h), largest_believed(widths)
        for number, n in enumerate(self.pools.size.tolist()):
            rows, _ = self.pools.rows(number)
            matrix, width = blocks.matrix(number), widths[number]
            free = _FREE * matrix.diagonal()[:N_OWN].clamp_min(1e-30)
            for _ in range(_ITERATIONS):
                covariance = inverse(matrix + torch.diag(torch.cat([free, (1 / width).expand(n - N_OWN)])))
                x[rows] = covariance @ blocks.h[rows]
                if n > N_OWN:
                    used = (1 - covariance.diagonal()[N_OWN:] / width).clamp(0, 1).sum().clamp_min(1e-3)
                    width = (x[rows][N_OWN:].square().sum() / used).clamp(width / 100, 100 * width).clamp_max(most)
        return x


@dataclass(frozen=True)
class TypeBlocks:
    """Normal equations of all types, each neuron's moments divided by its noise: H, square after square, and h."""

    pools: Pools
    H: Tensor
    h: Tensor

    @classmethod
    def of(cls, normal: NormalEquations, pools: Pools, noise: Tensor) -> "TypeBlocks":
        """noise [neuron]: variance of the slopes."""
        H, h = (normal.moments[0].new_zeros(int(size.sum())) for size in (pools.size.square(), pools.size))
        for group, moments in zip(normal.groups, normal.moments, strict=True):
            _, place, square = placed(pools, group)
            precision = (normal.n_frames / noise[group.targets].double().clamp_min(1e-300))[:, None]
            H.index_add_(0, square.ravel(), (moments[:, :-1, :-1] * precision[..., None]).ravel())
            h.index_add_(0, place.ravel(), (moments[:, :-1, -1] * precision).ravel())
        return cls(pools, H, h)

    def matrix(self, number: int) -> Tensor:
        """Of one type [unknown, unknown]."""
        n = int(self.pools.size[number])
        return self.H[self.pools.rows(number)[1]].view(n, n)

    def inverted(self, precision: Tensor, turning: Callable[[int], Tensor]) -> list[Tensor]:
        """(T^T H T + diag(precision))^-1 of each type, T = turning(type); rates and offsets have a little precision."""
        blocks = []
        for number in range(len(self.pools.size)):
            turn, rows = turning(number), self.pools.rows(number)[0]
            matrix = turn.T @ self.matrix(number) @ turn
            little = _FREE * matrix.diagonal().clamp_min(1e-30)
            blocks.append(inverse(matrix + torch.diag(precision[rows] + little)))
        return blocks
