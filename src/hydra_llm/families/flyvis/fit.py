"""How a flyvis network is built and fitted. Opens the observations of a dataset and nothing else."""

import dataclasses
import logging
from functools import partial
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames
from hydra_llm.estimation.flow import Flow
from hydra_llm.families.attempts import fit_that_beats_baselines
from hydra_llm.families.doors import network_of, phases_of
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.flyvis.config import FlyvisGNNConfig, FlyvisTraining
from hydra_llm.families.flyvis.fitting.adam import StagedPhase
from hydra_llm.families.flyvis.fitting.closed_form import HELD, ClosedFormPhase, alike_in
from hydra_llm.families.flyvis.fitting.flow import EARLY_FRAMES, FlowPhase, prediction_error
from hydra_llm.families.flyvis.fitting.hidden_cells import HiddenCells
from hydra_llm.families.flyvis.fitting.missing_synapses import missing_synapses
from hydra_llm.families.flyvis.fitting.parameter_spread import ParameterSpread
from hydra_llm.families.flyvis.fitting.partial_eye import PartialEye, PartlyRecordedGNN
from hydra_llm.families.flyvis.fitting.projection import MessageProjectionPhase
from hydra_llm.families.flyvis.fitting.reconstruction import ReconstructionPhase, prediction_error_with
from hydra_llm.families.flyvis.fitting.round_state import RoundState
from hydra_llm.families.flyvis.fitting.still_neurons import settle, still
from hydra_llm.families.flyvis.fitting.unseen_stimulus import UnseenStimulusDataModule
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.graph import known_graph
from hydra_llm.families.flyvis.model.implicit_stimulus import ImplicitStimulus
from hydra_llm.families.flyvis.model.unseen_stimulus import UnseenStimulusGNN
from hydra_llm.families.flyvis.model.updates import Relaxation
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.phases.base import FitData, Phase
from hydra_llm.training.phases.refinement import RefinementPhase
from hydra_llm.training.snapshots import Snapshots

log = logging.getLogger(__name__)

_STATES_AT_ONCE = 2**17  # neuron states per step of a validation: wide hidden layers take memory


def build_net(model: DictConfig, seed: int, observations: Observations, added: Tensor | None = None) -> nn.Module:
    """The network before any fit, from stream model_init, on the graph that the experimenter knows and, after its
    edges, those of `added` [(source, target), edge].
    """
    graph, eye = known_graph(observations), PartialEye.of(observations)
    if added is not None:
        graph["edge_index"] = torch.cat([graph["edge_index"], added], dim=1)
    if eye is not None:
        graph["alike"] = eye.alike[eye.neuron]
    return network_of(
        model,
        graph=graph,
        generator=stream(seed, "model_init"),
        dtype=getattr(torch, observations.meta["dtype"]),
    )


def build_stimulus(
    model: FlyvisGNNConfig, training: FlyvisTraining, observations: Observations, duration: float
) -> ImplicitStimulus:
    """The stimulus network before any fit, for a recording of `duration` seconds."""
    if training.projection_iterations or training.closed_form or training.closed_form_interval:
        raise ValueError(
            "model.implicit_stimulus must be false for a fit with regressions, got true: they need a known input. Set "
            "training.projection_iterations=0, training.closed_form=false and training.closed_form_interval=0, show "
            "the stimulus, or use training=flyvis_unseen_stimulus."
        )
    if training.time_step > 1:
        raise ValueError(
            "training.time_step must be 1 with an unseen stimulus, which is learned from one-step predictions, got "
            f"{training.time_step}. Show the stimulus for longer rollouts."
        )
    column = observations.structure("column")[observations.structure("input_index")]
    return ImplicitStimulus(
        column,
        duration=duration,
        hidden_dim=model.stimulus_hidden_dim,
        n_layers=model.stimulus_n_layers,
        omega=model.stimulus_omega,
        generator=stream(training.seed, "model_init/stimulus"),
    ).to(getattr(torch, observations.meta["dtype"]))


def predicts(training: FlyvisTraining, data: FitData) -> bool:
    """Whether the fit goes on to prediction errors: after regressions on differences to the next frame."""
    return bool(training.flow_rounds and training.closed_form and isinstance(data.method, Flow))


def hidden_cells(
    training: FlyvisTraining, net: nn.Module, data: RecordingDataModule, observations: Observations
) -> HiddenCells | None:
    """The hidden neurons that this fit reconstructs; None where there is none, or where they count as silent.

    Raises ValueError where training.hidden_activity asks for what the other keys do not allow.
    """
    eye = PartialEye.of(observations)
    if eye is None or training.hidden_activity == "silenced":
        return None
    possible = (
        isinstance(net, FlyvisGNN)
        and isinstance(net.lin_phi, Relaxation)
        and not net.edge_embedding
        and training.closed_form_ridge == "pooled"
        and predicts(training, data)
    )
    if possible:
        return HiddenCells(eye, data, observations)
    needs = (
        "model.update_form=relaxation, model.edge_embedding=false, training.closed_form=true, "
        "training.closed_form_ridge=pooled, training.flow_rounds above 0 and a target that is the flow"
    )
    if training.hidden_activity == "reconstructed":
        raise ValueError(
            f"training.hidden_activity=reconstructed needs {needs}. Set these, or training.hidden_activity=silenced."
        )
    log.info(
        "%d neurons are hidden and count as silent. To reconstruct their activity a fit needs %s.",
        len(eye.hidden),
        needs,
    )
    return None


def overlooked(training: FlyvisTraining, net: nn.Module, observations: Observations) -> Tensor | None:
    """Synapses [(source, target), missing] that this fit puts beside the known ones; None for none."""
    pools = training.closed_form and training.closed_form_ridge == "pooled"
    of_relaxation = isinstance(net, FlyvisGNN) and isinstance(net.lin_phi, Relaxation)
    if training.missing_synapses == "ignored" or not (pools and of_relaxation) or PartialEye.of(observations):
        return None
    assert isinstance(net, FlyvisGNN)
    found = missing_synapses(net.edge_index, alike_in(net), net.column)
    if not found.shape[1]:
        return None
    log.warning(
        "The wiring diagram of %s synapses lacks %s that most neurons wired alike have. They are fitted beside the "
        "known ones; training.missing_synapses=ignored leaves them out.",
        *(f"{number:,}" for number in (net.edge_index.shape[1], found.shape[1])),
    )
    return found


def doubted(fitted: "FlyvisFit") -> "FlyvisFit":
    """With the doubt that rates raise which disagree with those of counterparts."""
    held = fitted.history.get(HELD, ([], [0.0]))[1][-1]
    if not held:
        return fitted
    reason = (
        f"The fit is doubtful: the data give {held:.0f} of {fitted.net.n_neurons:,} neurons a rate far from that of "
        "neurons wired alike, and they took the rate of these. Inputs that the wiring diagram lacks do that, and "
        "weights that the data do not tell apart from a rate. Weights into these neurons may be wrong. Check the "
        "wiring diagram, or record an activity with more dimensions."
    )
    return dataclasses.replace(fitted, doubt=f"{fitted.doubt or ''} {reason}".strip())


def settled(fitted: "FlyvisFit", frames: Frames) -> "FlyvisFit":
    """With the time constants of neurons that never move, of which the recording says nothing, from others."""
    net = fitted.net
    if not isinstance(net, FlyvisGNN) or not still(frames).any():
        return fitted
    resting = settle(net, frames, alike_in(net))
    log.info(
        "%d of %d neurons never move: nothing tells their time constants or the weights into them. They have the "
        "median time constant of neurons wired alike that move, or of all.",
        *(int(resting.sum()), net.n_neurons),
    )
    return dataclasses.replace(fitted, resting=resting)


def recipe(
    training: FlyvisTraining, data: FitData, snapshots: Snapshots, state: RoundState, cells: HiddenCells | None
) -> list[Phase]:
    """Adam, variable projection, the closed form, then prediction errors or refined targets, as the keys say. cells:
    hidden neurons whose activity is reconstructed on the way.
    """
    phases: list[Phase] = [StagedPhase.of(training, data, snapshots)]
    if training.projection_iterations:
        phases.append(MessageProjectionPhase.of(training, data))
    if training.closed_form:
        if cells is not None:
            phases.append(ClosedFormPhase.of(training, data))
            phases.append(ReconstructionPhase.for_cells(training, data, state, cells))
        elif predicts(training, data):
            begin = ClosedFormPhase.of(training, data, EARLY_FRAMES, state.doubt)
            phases += [begin, FlowPhase.of(training, data, state)]
        else:
            phases.append(ClosedFormPhase.of(training, data))
            phases += RefinementPhase.phases(training, data, lambda: ClosedFormPhase.of(training, data))
    return phases


def unexplained_variance(net: nn.Module, frames: Frames) -> Tensor:
    """Mean squared error of the one-step prediction over the variance of the target, scalar; in parts."""
    step = max(1, _STATES_AT_ONCE // frames.activity.shape[1])
    total = frames.target.new_zeros(())
    with torch.no_grad():
        for start in range(0, frames.n_frames, step):
            part = frames.at(slice(start, start + step))
            total += (net(part.activity, part.external) - part.target).square().sum()
        return total / frames.target.numel() / frames.target.var(dim=0, unbiased=False).mean()


@dataclasses.dataclass(frozen=True)
class FlyvisFit(Fit):
    """A fit with its snapshots. stimulus: what was learned in place of an input that was not shown. whole: the network
    of all neurons, hidden ones too, where these were reconstructed. resting [neuron]: bool, those that never move,
    whose time constants the recording does not determine; None where all move. spread: how far the parameters may be
    off; None: nothing tells.
    """

    stimulus: ImplicitStimulus | None = None
    whole: FlyvisGNN | None = None
    resting: Tensor | None = None
    spread: ParameterSpread | None = None


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> FlyvisFit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best, with snapshots."""
    keys = as_object(training, FlyvisTraining)
    observations = Observations.open(dataset)
    unseen = bool(model.get("implicit_stimulus"))
    data = UnseenStimulusDataModule(dataset, keys) if unseen else RecordingDataModule(dataset, keys, filters=True)

    def attempt(keys: FlyvisTraining, context: FitContext) -> FlyvisFit:
        return _fit(model, keys, observations, data, context)

    return doubted(fit_that_beats_baselines(keys, data, context, attempt))


def _fit(
    model: DictConfig,
    keys: FlyvisTraining,
    observations: Observations,
    data: RecordingDataModule,
    context: FitContext,
) -> FlyvisFit:
    """One attempt."""
    snapshots, state = Snapshots(), RoundState()
    net = build_net(model, keys.seed, observations)
    added = overlooked(keys, net, observations)
    if added is not None:
        net = build_net(model, keys.seed, observations, added)
    cells = hidden_cells(keys, net, data, observations)
    plan = partial(recipe, snapshots=snapshots, state=state, cells=cells)
    if cells is not None and isinstance(net, FlyvisGNN):
        both = PartlyRecordedGNN(net, cells.eye)
        judge = prediction_error_with(cells, state, keys.flow_substeps)
        found = train(both, phases_of(keys, data, plan), data, context, judge, keys.module)
        return FlyvisFit(**{**_of_part(found, snapshots), "net": both.net, "whole": both.whole})
    if not isinstance(data, UnseenStimulusDataModule):
        phases = phases_of(keys, data, plan)
        judge = prediction_error(data, state, keys.flow_substeps) if predicts(keys, data) else unexplained_variance
        found = train(net, phases, data, context, judge, keys.module)
        last = phases[-1]
        spread = None
        if isinstance(last, FlowPhase) and isinstance(net, FlyvisGNN):
            spread = last.spread(net, data.frames("train"))
        fitted = FlyvisFit(**{**vars(found), "snapshots": tuple(snapshots.taken)}, spread=spread)
        return settled(fitted, data.frames("train")) if keys.closed_form else fitted
    stimulus = build_stimulus(as_object(model, FlyvisGNNConfig), keys, observations, data.duration)
    assert isinstance(net, FlyvisGNN)  # its keys hold implicit_stimulus
    phases = phases_of(keys, data, plan)
    found = train(UnseenStimulusGNN(net, stimulus), phases, data, context, unexplained_variance, keys.module)
    return FlyvisFit(**{**_of_part(found, snapshots), "net": net, "stimulus": stimulus})


def _of_part(found: Fit, snapshots: Snapshots) -> dict[str, Any]:
    """A fit of a network around a network `net`, with the states of that one."""
    taken = {"snapshots": snapshots.taken, "intervals": found.intervals}
    own = {
        name: tuple(shot._replace(state=_without_prefix(shot.state, "net.")) for shot in shots)
        for name, shots in taken.items()
    }
    return {**vars(found), **own}


def _without_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
