"""How a flyvis network is built and fitted. Opens the observations of a dataset and nothing else."""

import dataclasses
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor

from hydra_llm.data.datamodule import RecordingDataModule
from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.flyvis.config import FlyvisGNNConfig
from hydra_llm.families.flyvis.fitting.adam import LearningRates, Stage, StagedPhase, alternating, standard
from hydra_llm.families.flyvis.fitting.closed_form import ClosedFormPhase
from hydra_llm.families.flyvis.fitting.neuron_solution import NeuronSolution
from hydra_llm.families.flyvis.fitting.projection import MessageProjectionPhase
from hydra_llm.families.flyvis.fitting.regularisers import KINDS, GraphPenalties, Progress, RecordedStatistics
from hydra_llm.families.flyvis.fitting.unseen_stimulus import UnseenStimulusDataModule
from hydra_llm.families.flyvis.model.build import flyvis_gnn
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.graph import known_graph
from hydra_llm.families.flyvis.model.implicit_stimulus import ImplicitStimulus
from hydra_llm.families.flyvis.model.unseen_stimulus import UnseenStimulusGNN
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.objectives import FitObjective, OneStep, Rollout
from hydra_llm.training.phases.adam import published_steps
from hydra_llm.training.phases.base import Phase
from hydra_llm.training.snapshots import Snapshots

_STATES_AT_ONCE = 2**17  # neuron states per step of a validation: wide hidden layers take memory


def build_net(model: DictConfig, training: DictConfig, observations: Observations) -> FlyvisGNN:
    """The network before any fit, from stream model_init, on the graph that the experimenter knows."""
    dtype = getattr(torch, observations.meta["dtype"])
    generator = stream(training.seed, "model_init")
    return flyvis_gnn(as_object(model, FlyvisGNNConfig), known_graph(observations), generator, dtype)


def build_stimulus(
    model: DictConfig, training: DictConfig, observations: Observations, duration: float
) -> ImplicitStimulus:
    """The stimulus network before any fit, for a recording of `duration` seconds."""
    if training.projection_iterations or training.closed_form or training.closed_form_interval:
        raise ValueError(
            "model.implicit_stimulus=true: regressions need an input that is known. Set "
            "training.projection_iterations=0, training.closed_form=false and training.closed_form_interval=0, or show "
            "the stimulus. training=flyvis_unseen_stimulus is a fit that does without."
        )
    if training.time_step > 1:
        raise ValueError(
            f"training.time_step={training.time_step}: an unseen stimulus is learned from one-step predictions. "
            "Choose training.time_step=1, or show the stimulus."
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


def build_phases(training: DictConfig, net: FlyvisGNN, data: RecordingDataModule, snapshots: Snapshots) -> list[Phase]:
    """Adam, variable projection, the closed form, as the keys say."""
    frames = data.frames("train")
    solution = NeuronSolution(
        ridge=training.closed_form_ridge,
        strength=training.closed_form_strength,
        validation=lambda: data.frames("validation"),
    )
    phases: list[Phase] = []
    stages = _stages(training, frames.n_frames)
    if stages:
        phases.append(_adam(training, stages, net, frames, data.delta_t, solution, snapshots))
    if training.projection_iterations:
        phases.append(
            MessageProjectionPhase(
                ridges=list(training.projection_ridge),
                iterations=training.projection_iterations,
                n_starts=training.projection_starts,
                screening_iterations=training.projection_screening_iterations,
                n_frames=training.projection_frames,
                n_nodes=training.projection_nodes,
                generator=stream(training.seed, "model_init/starts"),
            )
        )
    if training.closed_form:
        phases.append(ClosedFormPhase(solution, training.closed_form_frames))
    return phases


def _adam(
    training: DictConfig,
    stages: list[Stage],
    net: FlyvisGNN,
    frames: Frames,
    delta_t: float,
    solution: NeuronSolution,
    snapshots: Snapshots,
) -> StagedPhase:
    objective: FitObjective = OneStep(training.noise_model_level)
    if training.time_step > 1:
        objective = Rollout(training.time_step, delta_t, training.noise_model_level)
    progress = Progress(training.regul_annealing_rate)
    penalties = GraphPenalties({name: training[name] for name in KINDS}, RecordedStatistics.of(frames), progress)
    penalties.check(net)
    return StagedPhase(
        n_steps=sum(stage.n_steps for stage in stages),
        batch_size=training.batch_size,
        objective=objective,
        regularisers=(penalties,),
        batch_order=stream(training.seed, "batch_order"),
        noise=stream(training.seed, "training_noise"),
        stages=stages,
        progress=progress,
        snapshots=snapshots,
        solve_interval=training.closed_form_interval,
        solve_frames=training.closed_form_frames,
        solution=solution,
    )


def _stages(training: DictConfig, n_frames: int) -> list[Stage]:
    steps = training.max_steps
    if steps is None:
        per_epoch = published_steps(n_frames, training.data_augmentation_loop, training.batch_size)
    else:
        per_epoch = steps // training.n_epochs
    if per_epoch == 0:
        return []
    active = LearningRates(
        W=training.learning_rate_W_start,
        edge=training.learning_rate_start,
        update=training.learning_rate_start,
        embedding=training.learning_rate_embedding_start,
        stimulus=training.learning_rate_stimulus,
    )
    if not training.alternate_training:
        return standard(training.n_epochs, per_epoch, active)
    resting = LearningRates(*(training[f"alternate_lr_{part}"] for part in ("W", "edge", "update", "embedding")))
    if training.alternate_lr_unit == "ratio":
        resting = LearningRates(
            *(getattr(active, part) * getattr(resting, part) for part in ("W", "edge", "update", "embedding"))
        )
    return alternating(
        training.n_epochs, per_epoch, active, resting, training.n_alternations, training.alternate_vrest_ratio
    )


def unexplained_variance(net: FlyvisGNN | UnseenStimulusGNN, frames: Frames) -> Tensor:
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
    """A fit with its snapshots. stimulus: what was learned in place of an input that was not shown."""

    stimulus: ImplicitStimulus | None = None


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> FlyvisFit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best, with snapshots."""
    observations = Observations.open(dataset)
    target, order = training.target, training.difference_order
    net, snapshots = build_net(model, training, observations), Snapshots()
    if not model.implicit_stimulus:
        data = RecordingDataModule(dataset, target=target, difference_order=order)
        found = train(net, build_phases(training, net, data, snapshots), data, context, unexplained_variance)
        return FlyvisFit(**{**vars(found), "snapshots": tuple(snapshots.taken)})
    data = UnseenStimulusDataModule(dataset, target=target, difference_order=order)
    stimulus = build_stimulus(model, training, observations, data.duration)
    blind = UnseenStimulusGNN(net, stimulus)
    found = train(blind, build_phases(training, net, data, snapshots), data, context, unexplained_variance)
    own = tuple(shot._replace(state=_without_prefix(shot.state, "net.")) for shot in snapshots.taken)
    return FlyvisFit(**{**vars(found), "net": net, "snapshots": own, "stimulus": stimulus})


def _without_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
