"""A reaction network and the path behind a noisy recording, fitted together: maximum likelihood for both.

min over c, parameters of sum |y - c|^2 / gamma^2 + sum |c_(k+1) - Phi(c_k)|^2 / s^2        (estimation.path)

starts from a network that was fitted to smoothed states. gamma follows from what the path leaves of the recording; s
falls step by step for as long as the evidence of the recording rises, which it does down to s -> 0 where nothing but
the law moves the states. Then, if the lines of the metabolites fall into types (line_types), the lines of a type become
one, and the fit goes on.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.estimation.path import LikelyPath, PathProblem, Transition, joint_step, most_likely_path
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.metabolism.fitting.line_types import LineTypes, line_types
from hydra_llm.families.metabolism.fitting.reaction_flow import ReactionFlow
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.metabolism.model.substrate import LogSubstrate

PROCESS_SHARES = (0.3, 0.1, 0.03, 0.01)  # s / gamma, tried in this order
ITERATIONS = 8  # Gauss-Newton steps at one s
TOLERANCE = 1e-4  # of the cost, relative: a smaller gain ends them
HALVINGS = 7
LARGEST_MOVE = 1.0  # decades of a rate constant in one step
DAMPING = 1e-6  # precision of a step of lines and substrate function: only what no data determine feels it
NORMAL_MAD = 1.4826  # standard deviation of a normal law in units of its median absolute deviation
SMALLEST_SPREAD = 0.1  # decades: the rate constants of a network differ by more
RESOLVED = 2.0  # measurement noises from zero: smaller concentrations show nothing of the substrate function
CEILING = 1.05  # of the largest recorded concentration


@dataclass(frozen=True)
class PathFit:
    """states [frame, metabolite]: the path; measurement_sd and process_sd: gamma and s; types: of the lines, None where
    a line per metabolite explains them better."""

    states: Tensor
    measurement_sd: float
    process_sd: float
    types: LineTypes | None

    @property
    def sentence(self) -> str:
        lines = "a line per metabolite" if self.types is None else f"{self.types.n_types} types of homeostasis"
        return (
            f"Path and network were fitted together: measurement noise {self.measurement_sd:.3g}, at most "
            f"{self.process_sd:.1g} per frame outside the law, {lines}."
        )


@dataclass(frozen=True)
class _Found:
    """Where a descent ended: path, noise levels, evidence, the information of all parameters, and the network."""

    states: Tensor
    problem: PathProblem
    cost: float
    log_evidence: float
    information: Tensor
    flow: ReactionFlow
    network: dict[str, Tensor]

    def measurement_sd(self, n_parameters: int) -> float:
        """gamma of largest evidence for the present s / gamma: the cost per constraint is then 1."""
        gamma = float(torch.as_tensor(self.problem.measurement_sd))
        return gamma * math.sqrt(self.cost / (self.problem.n_constraints - n_parameters))


def fit_path(
    net: ReactionGNN, recording: Recorded, start: Tensor, generator: Generator, *, share_lines: bool = True
) -> PathFit:
    """Move the network, fitted to the start of the path before, to the maximum of the likelihood.

    start [frame, metabolite]: a first guess of the path, such as smoothed states.

    Lines stand for its homeostasis, the node function is silenced. share_lines: metabolites may share lines, where
    types of them are preferred. generator: seeds of the types.
    """
    y, x = recording.activity.double(), start.double()
    gamma = float((y - x).square().mean().sqrt())
    net.zero_node_output()
    best = None
    for share in PROCESS_SHARES:
        found = _descend(net, recording, x, gamma, share * gamma)
        if best is not None and not found.log_evidence > best.log_evidence:
            net.load_state_dict(best.network)
            break
        best, x = found, found.states
        gamma = best.measurement_sd(best.flow.n_parameters)
    assert best is not None  # some s is always tried
    types = line_types(net.linear.detach(), _of_lines(best), y.numel(), generator) if share_lines else None
    if types is not None and types.preferred:
        with torch.no_grad():
            net.linear.copy_(types.lines[types.types])
        best = _descend(net, recording, best.states, gamma, float(best.problem.process_sd), types)
    else:
        types = None
    return PathFit(best.states, gamma, float(best.problem.process_sd), types)


def path_given(net: ReactionGNN, recording: Recorded, start: Tensor, gamma: float, s: float) -> LikelyPath:
    """The likeliest path under the network as it is, whose lines stand for homeostasis."""
    flow = _flow(net, recording, gamma)
    parameters, none = flow.parameters(), torch.zeros((flow.n_parameters, 0), dtype=torch.float64)
    problem = PathProblem(recording.activity, gamma, s, recording.sequence_start)
    return most_likely_path(problem, lambda x: flow.transition(parameters, x, none), start)


def _flow(net: ReactionGNN, recording: Recorded, gamma: float) -> ReactionFlow:
    floor = RESOLVED * gamma
    if isinstance(net.substrate, LogSubstrate):  # a ReactionFlow refuses others with a sentence
        net.substrate.set_floor(floor)
    ceiling = CEILING * float(recording.activity.max())
    return ReactionFlow(net, recording.external, recording.delta_t, floor=floor, ceiling=max(ceiling, 2 * floor))


def _descend(
    net: ReactionGNN, recording: Recorded, x: Tensor, gamma: float, s: float, types: LineTypes | None = None
) -> _Found:
    """Gauss-Newton on path and parameters at these noise levels. types: metabolites of a type share one line."""
    flow = _flow(net, recording, gamma)
    problem = PathProblem(recording.activity, gamma, s, recording.sequence_start)
    combine, prior = _combine(flow, types), _Spread.of(flow)
    curvature = combine.T @ prior.precision @ combine
    damped = curvature + DAMPING * torch.eye(len(curvature), dtype=torch.float64)
    parameters = flow.parameters()
    step = flow.transition(parameters, x[:-1], combine)
    cost = problem.cost(x, step) + prior.cost(parameters)
    joint = joint_step(problem, x, step, damped, combine.T @ prior.pull(parameters))
    for _ in range(ITERATIONS):
        move, largest = combine @ joint.parameters, float((combine @ joint.parameters)[: flow.n_reactions].abs().max())
        before, share = cost, min(1.0, LARGEST_MOVE / largest)
        for _ in range(HALVINGS):
            moved, path = parameters + share * move, x + share * joint.states
            trial = problem.cost(path, Transition(flow.following(moved, path[:-1]), step.jacobian)) + prior.cost(moved)
            if trial < cost:
                parameters, x, cost = moved, path, trial
                break
            share /= 2
        if cost < before:
            step = flow.transition(parameters, x[:-1], combine)
            joint = joint_step(problem, x, step, damped, combine.T @ prior.pull(parameters))
        if not before - cost > TOLERANCE * before:
            break
    flow.write(parameters)
    evidence = problem.log_evidence(cost, joint.log_determinant)
    return _Found(x, problem, cost, evidence, joint.information, flow, copy.deepcopy(net.state_dict()))


@dataclass(frozen=True)
class _Spread:
    """Rate constants spread around their median as the well-determined ones do: what the recording leaves open is not
    carried away by noise. Precision [parameter, parameter], zero but for log_k; centre [parameter]."""

    precision: Tensor
    centre: Tensor

    @classmethod
    def of(cls, flow: ReactionFlow) -> "_Spread":
        parameters = flow.parameters()
        log_k = parameters[: flow.n_reactions]
        apart = (log_k - log_k.median()).abs()
        sd = max(SMALLEST_SPREAD, NORMAL_MAD * float(apart.median()))
        precision = torch.zeros((flow.n_parameters, flow.n_parameters), dtype=torch.float64)
        precision.diagonal()[: flow.n_reactions] = sd**-2
        return cls(precision, torch.full_like(parameters, float(log_k.median())))

    def pull(self, parameters: Tensor) -> Tensor:
        return self.precision @ (parameters - self.centre)

    def cost(self, parameters: Tensor) -> float:
        return float((parameters - self.centre) @ self.pull(parameters))


def _combine(flow: ReactionFlow, types: LineTypes | None) -> Tensor:
    """Parameters [parameter, column] that move together: those of the lines of a type."""
    every = torch.eye(flow.n_parameters, dtype=torch.float64)
    if types is None:
        return every
    h = flow.n_line
    member = torch.nn.functional.one_hot(types.types, types.n_types).double()
    lines = every.new_zeros((flow.n_parameters, types.n_types * h))
    lines[flow.lines] = torch.kron(member, torch.eye(h, dtype=torch.float64))
    return torch.cat([every[:, : flow.lines.start], lines, every[:, flow.lines.stop :]], dim=1)


def _of_lines(found: _Found) -> Tensor:
    """Information on the lines with all other parameters free."""
    information, own = found.information, found.flow.lines
    rest = torch.ones(len(information), dtype=torch.bool)
    rest[own] = False
    others = information[rest][:, rest]
    others = others + DAMPING * torch.eye(len(others), dtype=torch.float64)
    cross = information[rest][:, own]
    left = information[own, own] - cross.T @ torch.linalg.solve(others, cross)
    return (left + left.T) / 2
