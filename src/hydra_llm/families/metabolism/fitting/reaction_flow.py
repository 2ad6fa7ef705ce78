"""A fitted reaction network as a flow over a recorded frame, with its derivatives by states and parameters.

dc/dt = sum_j S_ij 10^log_k_j law_j(c) + line_i(c),   log law_j = sum over substrates of log F(c, s)

The parameters are log_k, the lines, and z: steps of the substrate function along the few directions in which its
perceptron can move log F noticeably over the recorded concentrations, found by a singular value decomposition of
d log F / d weight (z of one moves log F by a root mean square of one). F and its directions are tabulated over log c,
so that a derivative costs no pass through the perceptron. The node function takes no part: lines stand in its place.

States and their Jacobian A take two Runge-Kutta steps per frame, the derivative by parameters is Simpson's rule over
A(dt, t) df/dparameter(t) at its three times (variation of constants).
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from hydra_llm.estimation.flow import advance
from hydra_llm.estimation.path import Transition
from hydra_llm.families.metabolism.model.gnn import LN10, ReactionGNN
from hydra_llm.families.metabolism.model.substrate import LogSubstrate

NODES = 200  # of the table
DIRECTIONS = 1e-3  # singular value, relative to the largest, above which the perceptron is moved in a direction
FITTED = 1e-6  # root mean square of log F - wanted, at which the weights have followed
FITTING_STEPS = 30  # that they may take
DAMPING = 1e-8  # of such a step, relative to the mean curvature
_NEAR_ZERO = 1e-9  # concentrations nearer to zero count as this much in a division
_STEPS = 2  # Runge-Kutta ones per frame: Simpson's rule needs the middle
_AT_ONCE = 300  # frames whose derivatives by parameters are in memory together


@dataclass(frozen=True)
class _Slope:
    """f, df/dc and df/dparameter at states of a batch: [batch, unit], [batch, to, from], [batch, unit, parameter]."""

    value: Tensor
    by_state: Tensor
    by_parameter: Tensor


class ReactionFlow:
    """The network as it is when this is built; external [frame, column]: the input held over each frame, or None.

    floor, ceiling: concentrations between which the substrate function is free. Below the floor it goes on as a power,
    through zero to negative concentrations, so that a path that strays there is driven back.
    """

    def __init__(
        self, net: ReactionGNN, external: Tensor | None, delta_t: float, *, floor: float, ceiling: float
    ) -> None:
        if not isinstance(net.substrate, LogSubstrate):
            raise ValueError(
                "model.substrate_form must be log for a fit of the whole path, got "
                f"{type(net.substrate).__name__}: its rate is not a product. Set model.substrate_form=log, or "
                "training.path_fit=false."
            )
        if net.input_mode not in ("none", "clock", "additive"):
            raise ValueError(
                f"external_input_mode must be none, clock or additive for a fit of the whole path, got "
                f"{net.input_mode!r}. Set training.path_fit=false."
            )
        self._net, self._external, self._dt = net, None if external is None else external.double(), delta_t
        self._S = net.stoichiometry().detach().double()
        self._orders, self._incidence = net.substrate.orders.double(), net.incidence.double()
        self._floor, self._ceiling = floor, ceiling
        self.n_metabolites, self.n_reactions = self._S.shape
        self.n_line = net.linear.shape[1]
        self._nodes = torch.linspace(math.log(floor), math.log(ceiling), NODES, dtype=torch.float64).exp()
        self._values = _values_and_directions(net.substrate, self._nodes)  # [node, order, 1 + z]
        self._table = CubicSpline(self._nodes.log().numpy(), self._values.numpy())
        self._table_slope = self._table.derivative()

    # ---- parameters ----

    @property
    def lines(self) -> slice:
        """The place of (slope, offset [, swing]) of all metabolites, one after the other, among the parameters."""
        return slice(self.n_reactions, self.n_reactions + self.n_metabolites * self.n_line)

    @property
    def n_parameters(self) -> int:
        return self.lines.stop + self._values.shape[2] - 1

    def parameters(self) -> Tensor:
        """(log_k, lines, z) [parameter] of the network; z is zero there."""
        z = torch.zeros(self._values.shape[2] - 1, dtype=torch.float64)
        return torch.cat([self._net.log_k.detach().double(), self._net.linear.detach().double().reshape(-1), z])

    def write(self, parameters: Tensor) -> None:
        """Put parameters into the network. Its substrate function follows by Gauss-Newton steps on its weights, because
        it is linear in them for small moves only; what is left between the two is far below the noise of any recording.
        """
        net, z = self._net, parameters[self.lines.stop :]
        wanted = self._values[..., 0] + self._values[..., 1:] @ z
        with torch.no_grad():
            net.log_k.copy_(parameters[: self.n_reactions])
            net.linear.copy_(parameters[self.lines].reshape(self.n_metabolites, self.n_line))
        assert isinstance(net.substrate, LogSubstrate)  # checked when the flow was built
        _approach(net.substrate, self._nodes, wanted)

    # ---- the flow ----

    def following(self, parameters: Tensor, c: Tensor) -> Tensor:
        """States [frame, unit] after one frame from c, frame k under the k-th input."""
        held = self._held(slice(0, len(c)))
        return advance(partial(self._field, parameters), c, held, self._dt, _STEPS)

    def transition(self, parameters: Tensor, c: Tensor, combine: Tensor) -> Transition:
        """The flow from c [frame, unit] and its derivatives, those by parameters times combine [parameter, column]."""
        parts = [
            self._transition(parameters, c[start : start + _AT_ONCE], start, combine)
            for start in range(0, len(c), _AT_ONCE)
        ]
        following, by_state, by_parameter = (torch.cat(part) for part in zip(*parts, strict=True))
        return Transition(following, by_state, by_parameter)

    def _transition(self, parameters: Tensor, c: Tensor, start: int, combine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        held, h, n = self._held(slice(start, start + len(c))), self._dt / _STEPS, c.shape[1]
        slopes, halves = [self._slope(parameters, c, held)], []
        for _ in range(_STEPS):
            A = torch.eye(n, dtype=torch.float64).expand(len(c), n, n)
            first = slopes[-1]
            k1, K1 = first.value, first.by_state
            k2, K2 = self._moved(parameters, c + h / 2 * k1, held, A + h / 2 * K1)
            k3, K3 = self._moved(parameters, c + h / 2 * k2, held, A + h / 2 * K2)
            k4, K4 = self._moved(parameters, c + h * k3, held, A + h * K3)
            c = c + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            halves.append(A + h / 6 * (K1 + 2 * K2 + 2 * K3 + K4))
            slopes.append(self._slope(parameters, c, held))
        start_to_end = halves[1] @ halves[0]
        begin, middle, end = (slope.by_parameter @ combine for slope in slopes)
        by_parameter = self._dt / 6 * (start_to_end @ begin + 4 * halves[1] @ middle + end)
        return c, start_to_end, by_parameter

    def _moved(self, parameters: Tensor, c: Tensor, held: Tensor | None, A: Tensor) -> tuple[Tensor, Tensor]:
        rates, by_concentration, _ = self._rates(parameters, c)
        return self._sum(parameters, c, held, rates), self._by_state(parameters, rates, by_concentration) @ A

    def _held(self, frames: slice) -> Tensor | None:
        return None if self._external is None else self._external[frames]

    # ---- the field ----

    def _field(self, parameters: Tensor, c: Tensor, held: Tensor | None) -> Tensor:
        return self._sum(parameters, c, held, self._rates(parameters, c)[0])

    def _sum(self, parameters: Tensor, c: Tensor, held: Tensor | None, rates: Tensor) -> Tensor:
        line = parameters[self.lines].reshape(self.n_metabolites, self.n_line)
        value = rates @ self._S.T + line[:, 0] * c + line[:, 1]
        if held is None:
            return value
        return value + (held if self._net.input_mode == "additive" else line[:, 2] * held)

    def _slope(self, parameters: Tensor, c: Tensor, held: Tensor | None) -> _Slope:
        rates, by_concentration, along = self._rates(parameters, c)
        n, m, h = self.n_metabolites, self.n_reactions, self.n_line
        effect = self._S * rates[:, None, :]
        by_parameter = c.new_zeros((len(c), n, self.n_parameters))
        by_parameter[:, :, :m] = LN10 * effect
        own = torch.arange(n)
        by_parameter[:, own, m + h * own] = c
        by_parameter[:, own, m + h * own + 1] = 1
        if h == 3 and held is not None:
            by_parameter[:, own, m + h * own + 2] = held.expand_as(c)
        by_parameter[:, :, self.lines.stop :] = effect @ (self._incidence.T @ along.flatten(1, 2))
        by_state = self._by_state(parameters, rates, by_concentration)
        return _Slope(self._sum(parameters, c, held, rates), by_state, by_parameter)

    def _by_state(self, parameters: Tensor, rates: Tensor, by_concentration: Tensor) -> Tensor:
        """df/dc from d log F / dc [batch, metabolite, order]."""
        n, m = self.n_metabolites, self.n_reactions
        takes_part = self._incidence.reshape(n, -1, m)
        by_reaction = torch.einsum("ism,bis->bmi", takes_part, by_concentration)
        slopes = parameters[self.lines].reshape(n, self.n_line)[:, 0]
        return (self._S * rates[:, None, :]) @ by_reaction + torch.diag(slopes)

    def _rates(self, parameters: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rates [batch, reaction], d log F / dc [batch, metabolite, order], and d log F / dz [..., z]."""
        size = c.abs().clamp_min(_NEAR_ZERO)
        within = size.clamp(self._floor, self._ceiling)
        x = within.log().numpy()
        table = torch.from_numpy(self._table(x))
        slope = torch.from_numpy(self._table_slope(x))
        along = table[..., 1:]
        z = parameters[self.lines.stop :]
        log_factor = table[..., 0] + along @ z + self._orders * (size / within).log()[..., None]
        free = ((size > self._floor) & (size < self._ceiling))[..., None]
        by_log = torch.where(free, slope[..., 0] + slope[..., 1:] @ z, self._orders)
        below_zero = (c < 0)[..., None] & (self._orders % 2 == 1)
        law = (log_factor.flatten(1) @ self._incidence).exp()
        law = law * (1 - 2 * ((below_zero.double().flatten(1) @ self._incidence) % 2))
        signed = torch.where(c < 0, -size, size)[..., None]
        return (LN10 * parameters[: self.n_reactions]).exp() * law, by_log / signed, along


def _by_weight(substrate: LogSubstrate, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """log F [node, order] and its derivatives [node * order, weight], in float64."""
    values = substrate.log_factor(nodes.to(substrate.log_mean.dtype))
    flat = values.reshape(-1)
    rows = torch.eye(len(flat), dtype=flat.dtype)
    parts = torch.autograd.grad(flat, list(substrate.parameters()), rows, is_grads_batched=True)
    return values.detach().double(), torch.cat([part.reshape(len(flat), -1) for part in parts], dim=1).double()


def _values_and_directions(substrate: LogSubstrate, nodes: Tensor) -> Tensor:
    """log F at the nodes and how it moves along z [node, order, 1 + z].

    A constant change of log F is left out: it is a gauge, undone by the rate constants.
    """
    values, J = _by_weight(substrate, nodes)
    per_order = J.reshape(*values.shape, -1)
    _, size, weights = torch.linalg.svd((per_order - per_order.mean(dim=0)).flatten(0, 1), full_matrices=False)
    kept = size > DIRECTIONS * size[0]
    directions = weights[kept].T * (len(J) ** 0.5 / size[kept])
    return torch.cat([values[..., None], (J @ directions).reshape(*values.shape, -1)], dim=-1)


def _approach(substrate: LogSubstrate, nodes: Tensor, wanted: Tensor) -> None:
    """Move the weights until log F at the nodes is `wanted`, by steps of least length (Levenberg-Marquardt)."""
    values, J = _by_weight(substrate, nodes)
    left, damping = (wanted - values).reshape(-1), DAMPING
    for _ in range(FITTING_STEPS):
        if left.square().mean().sqrt() < FITTED:
            return
        normal = J @ J.T
        own = damping * normal.diagonal().mean() * torch.eye(len(J), dtype=torch.float64)
        step = J.T @ torch.linalg.solve(normal + own, left)
        _move(substrate, step)
        moved, moved_J = _by_weight(substrate, nodes)
        rest = (wanted - moved).reshape(-1)
        if rest.square().sum() < left.square().sum():
            left, J, damping = rest, moved_J, max(damping / 10, DAMPING)
        else:
            _move(substrate, -step)
            damping *= 10


def _move(substrate: LogSubstrate, step: Tensor) -> None:
    taken = 0
    with torch.no_grad():
        for weight in substrate.parameters():
            weight.add_(step[taken : taken + weight.numel()].reshape(weight.shape))
            taken += weight.numel()
