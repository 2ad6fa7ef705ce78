"""The closed form of a flyvis network: W, 1/tau and v_rest of every neuron, given the message function.

dv_i/dt = rate_i (-v_i + sum_j W_ij g_j + I_i + v_rest_i) is linear in rate_i W_ij, rate_i and rate_i v_rest_i.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from hydra_llm.choice import check_choice
from hydra_llm.data.windows import FrameParts, Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.fitting.counterparts import counterparts, edge_kinds
from hydra_llm.families.flyvis.fitting.message_table import messages_of
from hydra_llm.families.flyvis.fitting.neighbours import FrameBlock, Group, by_in_degree, frames_at_once
from hydra_llm.families.flyvis.fitting.parameter_spread import ParameterSpread
from hydra_llm.families.flyvis.fitting.pooled import Pools, Widths, covariances, pooled
from hydra_llm.families.flyvis.fitting.regressions import Coefficients, NormalEquations
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.updates import Relaxation
from hydra_llm.training.phases.base import FitData, Step

RIDGES = ("pooled", "evidence", "validation", "fixed")
UNEXPLAINED = "closed_form_loss"  # logged: share of the variance of the target that is left
HELD = "held_rates"  # logged: neurons that were given the rate of their counterparts
_FLOOR = 1e-9  # least penalty, relative to the mean square message: null directions are sent to W = 0
_EVIDENCE_ITERATIONS, _MORE_EVIDENCE_ITERATIONS = 10, 3  # at first; from those of nearly the same data
_MESSAGE_ERROR = 1e-4  # of a learned message, as a share of its variance: 1 % of what it varies by
_GRID = [10 ** (k / 2) for k in range(-18, 3)]
_SLOWEST = 0.01  # rates below this share of the median are fits to nothing, and would blow up W = beta / rate


@dataclass
class _Priors:
    """What one solution leaves for the next, whose data are nearly the same."""

    pools: Pools | None = None  # of the one graph, once it was asked for
    ratios: Tensor | None = None  # of noise to prior variance, per neuron
    widths: Widths | None = None


@dataclass(frozen=True)
class ClosedForm:
    """n_frames: frames that are used, evenly spaced; None: all. How the penalty of the weights is chosen:

    ridge: evidence, by the evidence of the training frames, a value per neuron; pooled, the same, but neurons that
    the wiring diagram shows to be counterparts are drawn to each other instead of to zero; validation, by the error on
    held-out frames, a value per neuron; fixed, `strength` relative to the mean square message.
    """

    ridge: str
    strength: float
    n_frames: int | None
    validation: Callable[[], Frames]
    _priors: _Priors = field(default_factory=_Priors, init=False, repr=False)

    @classmethod
    def of(cls, training: FlyvisTraining, data: FitData, most: int | None = None) -> Self:
        """most: frames that are used at most, whatever the training says."""
        asked = training.closed_form_frames
        return cls(
            training.closed_form_ridge,
            training.closed_form_strength,
            min((n for n in (asked, most) if n is not None), default=None),
            lambda: data.frames("validation"),
        )

    def __post_init__(self) -> None:
        check_choice("closed_form_ridge", self.ridge, RIDGES)

    def apply(
        self,
        net: FlyvisGNN,
        frames: Frames | FrameParts,
        reach: tuple[float, float] | None = None,
        doubt: float | None = None,
    ) -> dict[str, float]:
        """Write the solution into the network. Returns the share of the variance of the target that is left.

        reach: lowest and highest voltage of frames in parts; of frames that are there, None: as they have it. doubt:
        share of a message's variance that counts as its error; None: 1e-4 if it is learned, otherwise 0.
        """
        groups, normal = self._regressions(net, frames, reach, doubt)
        if self.ridge in ("evidence", "pooled"):
            found = self._by_evidence(net, normal)
        elif self.ridge == "validation":
            held_out = self.validation().to(net.W.device)
            found = normal.best_on(normal_equations(net, groups, held_out), _GRID)
        else:
            found = normal.best_on(normal, [self.strength])
        write(net, found)
        logged = {UNEXPLAINED: float(found.residual.mean() / normal.slope_variance())}
        return logged if found.held is None else {**logged, HELD: float(found.held.sum())}

    def spread(
        self,
        net: FlyvisGNN,
        frames: Frames | FrameParts,
        reach: tuple[float, float] | None = None,
        doubt: float | None = None,
    ) -> ParameterSpread | None:
        """How far the parameters may be off that these frames give, with arguments as for `apply`; None where the
        penalty is no prior.
        """
        _, normal = self._regressions(net, frames, reach, doubt)
        if self.ridge not in ("evidence", "pooled"):
            return None
        found, ratios = normal.evidence(_MORE_EVIDENCE_ITERATIONS, _FLOOR, self._priors.ratios)
        if self.ridge == "evidence":
            return ParameterSpread(normal.groups, normal.covariances(ratios))
        pools = self._pools(net)
        fitted, widths = pooled(normal, pools, found, self._priors.widths)
        held = torch.zeros_like(fitted.rate, dtype=torch.bool) if fitted.held is None else fitted.held
        return ParameterSpread(normal.groups, covariances(normal, pools, found, widths, held))

    def _regressions(
        self, net: FlyvisGNN, frames: Frames | FrameParts, reach: tuple[float, float] | None, doubt: float | None
    ) -> tuple[list[Group], NormalEquations]:
        relaxation_of(net)
        groups = by_in_degree(net.edge_index, net.n_neurons)
        normal = normal_equations(net, groups, frames, self.n_frames, reach)
        if doubt is None:
            doubt = 0.0 if net.message_is_known else _MESSAGE_ERROR
        if doubt:
            normal.doubt(doubt)
        return groups, normal

    def _by_evidence(self, net: FlyvisGNN, normal: NormalEquations) -> Coefficients:
        known = self._priors
        iterations = _EVIDENCE_ITERATIONS if known.ratios is None else _MORE_EVIDENCE_ITERATIONS
        found, known.ratios = normal.evidence(iterations, _FLOOR, known.ratios)
        if self.ridge == "pooled":
            found, known.widths = pooled(normal, self._pools(net), found, known.widths)
        return found

    def _pools(self, net: FlyvisGNN) -> Pools:
        """Those of the last look, unless the network has left their device since."""
        known = self._priors
        if known.pools is None or known.pools.types.device != net.W.device:
            known.pools = pools_of(net)
        return known.pools

    def state_dict(self) -> dict[str, Any]:
        return {"ratios": self._priors.ratios, "widths": self._priors.widths and tuple(self._priors.widths)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._priors.ratios = state["ratios"]
        self._priors.widths = state["widths"] and Widths(*state["widths"])


@dataclass(frozen=True)
class ClosedFormPhase:
    """Solves once: one exact step. doubt: see ClosedForm.apply."""

    solution: ClosedForm
    doubt: float | None = None
    name: str = field(default="closed_form", init=False)
    n_intervals: int = field(default=1, init=False)

    @classmethod
    def of(cls, training: FlyvisTraining, data: FitData, most: int | None = None, doubt: float | None = None) -> Self:
        return cls(ClosedForm.of(training, data, most), doubt)

    def optimizer(self, net: FlyvisGNN) -> Optimizer:
        relaxation_of(net)
        return SGD([net.W], lr=0.0)  # no gradient is followed; Lightning counts its one step

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the solution depends on the network alone."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass

    def run(self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        logged = self.solution.apply(net, frames, doubt=self.doubt)
        step(lambda: torch.zeros(()))
        return logged


def alike_in(net: FlyvisGNN) -> Tensor:
    """A number per neuron [neuron], equal for those that the wiring diagram of the network shows to be counterparts."""
    if net.alike is None:  # asked once: at extent 8 it takes seconds
        net.alike = counterparts(net.edge_index, net.column, net.input_index)
    return net.alike


def pools_of(net: FlyvisGNN) -> Pools:
    """Which neurons and edges share parameters, as far as the wiring diagram of the network shows."""
    alike = alike_in(net)
    return Pools.of(alike, edge_kinds(net.edge_index, alike, net.column), net.edge_index[1])


def pools_of_one(net: FlyvisGNN) -> Pools:
    """Every neuron on its own."""
    target = net.edge_index[1]
    return Pools.of(torch.arange(net.n_neurons).to(target), torch.arange(len(target)).to(target), target)


def normal_equations(
    net: FlyvisGNN,
    groups: list[Group],
    frames: Frames | FrameParts,
    n_frames: int | None = None,
    reach: tuple[float, float] | None = None,
) -> NormalEquations:
    """The regressions of all neurons on the messages of the network. n_frames: of them, evenly spaced; None: all."""
    most = frames_at_once(net.n_neurons)
    if isinstance(frames, Frames):
        low, high = frames.activity.aminmax()
        reach, frames = (float(low), float(high)), FrameParts.of(frames, most)
    elif reach is None:
        raise ValueError("Frames in parts need their reach: the lowest and the highest voltage of the recording.")
    message = messages_of(net, reach)

    def blocks() -> Iterator[FrameBlock]:
        for part in frames.spread(n_frames).parts():
            for block in FrameParts.of(part, most).parts():
                with torch.no_grad():
                    own = net.spread_input(block.activity, block.external) - block.activity
                    yield FrameBlock(message(block.activity.T).T, own, block.target)

    return NormalEquations(groups, blocks, net.recorded)


def write(net: FlyvisGNN, found: Coefficients, message_scale: float = 1.0) -> None:
    """Give the network the parameters that regressions on message / message_scale found."""
    relaxation = relaxation_of(net)
    positive = found.rate[found.rate > 0]
    floor = _SLOWEST * float(positive.median()) if len(positive) else 1.0
    rate = found.rate.clamp_min(floor)
    with torch.no_grad():
        relaxation.set_rate(rate)
        relaxation.v_rest.copy_(found.offset / rate)
        net.W.copy_(found.beta / message_scale / rate[net.graph.target])


def relaxation_of(net: FlyvisGNN) -> Relaxation:
    """The update whose parameters the closed form solves for. Raises ValueError for a network that has another one."""
    if not isinstance(net.lin_phi, Relaxation):
        raise ValueError(
            "The closed form needs an update that is linear in the parameters of a neuron: "
            f"model.update_form=relaxation, got {type(net.lin_phi).__name__}. Choose that form, or set "
            "training.closed_form=false, training.closed_form_interval=0 and training.projection_iterations=0."
        )
    return net.lin_phi
