"""A fit to sessions that show different units: functions from one session, weights over the units of all.

The session with the most recorded values is fitted as a recording of its own. With its functions the sessions are put
together (fitting.stitching); the functions are then fitted again to that session, its hidden units completed, and the
sessions are put together once more.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.estimation.weak import Weak
from hydra_llm.families.attempts import fit_that_beats_baselines
from hydra_llm.families.doors import network_of, phases_of
from hydra_llm.families.errors import ExperimentError
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fit import SYNAPSES, knows_synapses, recipe
from hydra_llm.families.signal.fitting.followed_phase import nothing_more
from hydra_llm.families.signal.fitting.sessions import Sessions
from hydra_llm.families.signal.fitting.spline_law import SplineLaw
from hydra_llm.families.signal.fitting.spline_phase import SplinePhase
from hydra_llm.families.signal.fitting.stitched_weights import SessionRows, StitchedWeights, stitched_weights
from hydra_llm.families.signal.fitting.stitching import Drawn, Stitched, Stitching, averaged, determined
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

UNTOLD = 0.8  # share of the variance of weights that hidden units may cause before a warning says so
ROUNDS = 2  # of functions, and of all sessions with them


@dataclass(frozen=True)
class StitchedResult:
    """state: the law of all units with the completed training frames; drawn: W with its variance. All [target, source]:
    together: bool, a session shows both units; determined: bool; alone: W by session, hidden units silent, NaN where
    that session does not show both; averaged: their mean.
    """

    state: Stitched
    drawn: Drawn
    together: Tensor
    determined: Tensor
    alone: dict[int, Tensor]
    averaged: Tensor
    synapses: Tensor | None

    def weights_of(self, rows: Sequence[SessionRows]) -> StitchedWeights:
        """W of some frames of the last draw, given the functions."""
        return stitched_weights(rows, self.state.noise, self.state.prior, self.synapses)


@dataclass(frozen=True)
class StitchedFit(Fit):
    """net: of all units."""

    stitched: StitchedResult | None = None


class SessionEstimates(Estimates):
    """One session, of the units that it shows."""

    def __init__(self, dataset: Path, training: SignalTraining, session: int) -> None:
        super().__init__(dataset, training)
        self._session = session

    def recorded(self, split: str) -> Recorded:
        own = Sessions.of(self.observations, split).recorded(self._session)
        dtype = getattr(torch, self.observations.meta["dtype"])
        return Recorded(own.activity.to(dtype), None, own.delta_t, own.sequence_start)


class SessionData(RecordingDataModule):
    """The frames of one session."""

    def __init__(self, dataset: Path, training: SignalTraining, session: int) -> None:
        super().__init__(dataset, training)
        self.estimates = SessionEstimates(dataset, training, session)


def stitched_fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> StitchedFit:
    """Raises ExperimentError for what cannot be put together yet, and FitFailed where the first session has no fit."""
    keys = as_object(training, SignalTraining)
    observations = Observations.open(dataset)
    sessions = Sessions.of(observations, "train")
    number = sessions.largest
    data = SessionData(dataset, keys, number)
    _refuse_what_is_not_done(keys, data, observations)
    log.info("Functions come from session %d, which holds most, weights from all.", number + 1)

    def attempt(keys: SignalTraining, context: FitContext) -> Fit:
        own = data.frames("train").activity
        net = _network(model, observations, own.shape[1], own, keys.seed)
        then = partial(recipe, then=nothing_more)
        return train(net, phases_of(keys, data, then), data, context, module=keys.module)

    first = fit_that_beats_baselines(keys, data, context, attempt)
    synapses = observations.structure(SYNAPSES).bool() if knows_synapses(observations) else None
    every = torch.cat([one.activity[:, one.visible].ravel() for one in sessions.stretches])
    net = _network(model, observations, sessions.n_units, every, keys.seed)
    _take_functions(net, first.net)
    result = _stitched(net, sessions, number, keys, synapses)
    with torch.no_grad():
        net.W.copy_(result.drawn.W)
    return StitchedFit(**{**vars(first), "net": net, "intervals": ()}, stitched=result)


def _stitched(
    net: SignalGNN, sessions: Sessions, number: int, keys: SignalTraining, synapses: Tensor | None
) -> StitchedResult:
    """Leaves the functions that were found in the network."""
    states = torch.cat([one.activity[:, one.visible].ravel() for one in sessions.stretches])[:, None]
    generator = stream(keys.seed, "controls/hidden_paths")

    def stitching_of() -> Stitching:
        law = SplineLaw.of(net, torch.zeros(0, 0, dtype=torch.float64), states)
        return Stitching(law.message, law.update, synapses)

    stitching = stitching_of()
    state = stitching.settled(stitching.start(sessions))
    for _ in range(ROUNDS - 1 if keys.spline_knots else 0):
        _functions_again(net, stitching.drawn_frames(state, number, generator), keys, generator)
        stitching = stitching_of()
        state = stitching.settled(stitching.rescaled(state))
    if not state.settled:
        log.warning("After %d rounds the weights still move: intervals are too short.", state.rounds)
    drawn = stitching.drawn(state, generator)
    together, alone = sessions.together, stitching.alone(sessions)
    told = determined(drawn, state.prior, together)
    for own in (together, told):
        own.fill_diagonal_(False)
    if synapses is not None:
        told &= synapses
    log.info(
        "Put together after %d rounds. Of the variance of a weight, %.0f%% is owed to what units did where they were "
        "not recorded.",
        *(state.rounds, 100 * drawn.hidden_share),
    )
    if drawn.hidden_share > UNTOLD:
        log.warning(
            "What units did where they were not recorded is hardly told by these sessions, so most of the weights are "
            "not known well: record longer, or sessions that share more units."
        )
    return StitchedResult(state, drawn, together, told, alone, averaged(alone), synapses)


def _functions_again(net: SignalGNN, frames: Frames, keys: SignalTraining, generator: torch.Generator) -> None:
    """Both functions from frames of all units, from the functions as they are."""
    phase = SplinePhase(
        n_splines=keys.spline_knots,
        n_frames=keys.spline_frames,
        ridge=keys.spline_ridge,
        generator=generator,
        goes_on=True,
    )
    like = net.W.dtype
    own = Frames(frames.activity.to(like), frames.target.to(like), None, frames.sequence_start)
    phase.run(0, net, own, phase.optimizer(net), lambda closure: closure())


def _take_functions(net: SignalGNN, other: SignalGNN) -> None:
    net.lin_edge.load_state_dict(other.lin_edge.state_dict())
    net.lin_phi.load_state_dict(other.lin_phi.state_dict())
    net.state_scale.copy_(other.state_scale)


def _network(model: DictConfig, observations: Observations, n_neurons: int, activity: Tensor, seed: int) -> SignalGNN:
    net = network_of(
        model,
        n_neurons=n_neurons,
        input_mode="none",
        activity=activity,
        generator=stream(seed, "model_init"),
        dtype=getattr(torch, observations.meta["dtype"]),
    )
    if not isinstance(net, SignalGNN):
        raise _refusal("model._target_ must build a SignalGNN", f"got {type(net).__name__}")
    if not net.is_shared:
        raise _refusal("model.embedding_dim must be 0", f"got {net.embedding.embedding_dim}")
    return net


def _refuse_what_is_not_done(keys: SignalTraining, data: SessionData, observations: Observations) -> None:
    if observations.meta["external_input_mode"] != "none":
        raise _refusal("simulation.stimulus must be none", "got a stimulus")
    if keys.latent_inputs != 0:
        raise _refusal("training.latent_inputs must be 0", f"got {keys.latent_inputs!r}")
    if data.method is None or isinstance(data.method, Smoothed | Weak):
        name = "the oracle derivative" if data.method is None else data.method.name
        raise _refusal(
            "training.target must be flow or finite_difference",
            f"got {name} ({data.estimates.sentence}) States under measurement noise are not known exactly, and hidden "
            "ones are found from them",
        )


def _refusal(required: str, got: str) -> ExperimentError:
    return ExperimentError(
        f"Where sessions show different units, {required}, {got}. To fit without, give only sessions that show the "
        "same units, or leave units that some session does not show out of all of them."
    )
