"""The oracle of a recording whose frames are a flow apart: rounds of prediction errors that know the law and begin at
the true parameters.

Regressions on differences err by the length of a frame, and measurement noise biases them; a fit that filters the
recording (fitting.flow) has neither fault, and would stand above such a ceiling. These rounds are the same method
without what is hard about it: no message is learned, and no start is wrong. Where they end is what the recording
allows.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch_geometric.data import Data

from hydra_llm.estimation.flow import Flow
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm, relaxation_of
from hydra_llm.families.flyvis.fitting.flow import FlowPhase, prediction_error
from hydra_llm.families.flyvis.fitting.round_state import RoundState
from hydra_llm.families.flyvis.model.build import flyvis_gnn
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.oracle.report import OracleParameters
from hydra_llm.training.phases.base import FitData

ROUNDS = 5  # two with single gains, one on some frames and two on all
EDGE_FRAMES = 1_000_000_000  # some minutes of one core; larger recordings have no such oracle


class ByPrediction(NamedTuple):
    """Where the rounds ended, and of all oracles by name, `flow` for this one, the mean square error of predicting the
    validation frames, relative to the increments."""

    parameters: OracleParameters
    errors: dict[str, float]


def is_possible(data: FitData, edge_frames: int) -> bool:
    """Whether a fit of these data goes on to prediction errors, at a size where an oracle can afford it too."""
    return edge_frames <= EDGE_FRAMES and isinstance(data.method, Flow)


def by_prediction(
    data: FitData,
    graph: Data,
    truth: OracleParameters,
    others: Mapping[str, OracleParameters],
    substeps: int | None,
    dtype: torch.dtype,
) -> ByPrediction:
    """Rounds from `truth` on the training frames. others: oracles to compare on the validation frames. substeps: Euler
    steps that the simulator is known to have taken per frame; None: see FrameMap.
    """
    net = flyvis_gnn(
        graph=graph, generator=torch.Generator(), dtype=dtype, message_form="relu", W_init="zeros", embedding_dim=0
    )
    state = RoundState()
    solution = ClosedForm("pooled", 0.0, None, lambda: data.frames("validation"))
    phase = FlowPhase(solution, None, ROUNDS, substeps, data.delta_t, state)
    _put(net, truth)
    frames, optimizer = data.frames("train"), phase.optimizer(net)
    for number in range(ROUNDS):
        phase.run(number, net, frames, optimizer, _no_step)
    found = _taken(net)
    error = prediction_error(data, state, substeps)
    errors = {}
    for name, one in (("flow", found), *others.items()):
        _put(net, one)
        errors[name] = float(error(net, frames))
    return ByPrediction(found, errors)


def _no_step(closure: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Rounds with a known message follow no gradient."""
    return closure()


def _put(net: FlyvisGNN, values: OracleParameters) -> None:
    relaxation = relaxation_of(net)
    with torch.no_grad():
        net.W.copy_(values.W)
        relaxation.set_rate(1 / values.tau)
        relaxation.v_rest.copy_(values.v_rest)


def _taken(net: FlyvisGNN) -> OracleParameters:
    relaxation = relaxation_of(net)
    W, tau, v_rest = (part.detach().double().clone() for part in (net.W, relaxation.tau, relaxation.v_rest))
    return OracleParameters(W, tau, v_rest, torch.ones_like(tau, dtype=torch.bool))
