"""How a signal network is built and fitted. Opens the observations of a dataset and nothing else."""

from pathlib import Path

import torch
from omegaconf import DictConfig

from hydra_llm.data.datamodule import RecordingDataModule
from hydra_llm.data.observations import Observations
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.signal.fitting.adam import GradientPhase
from hydra_llm.families.signal.fitting.gauss_newton import GaussNewtonPhase
from hydra_llm.families.signal.fitting.projection import SignalProjectionPhase
from hydra_llm.families.signal.fitting.regularisers import KINDS, regularisers
from hydra_llm.families.signal.fitting.state_scale import set_state_scale
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.objectives import FitObjective, OneStep, Rollout
from hydra_llm.training.phases.adam import published_steps
from hydra_llm.training.phases.base import Phase


def build_net(model: DictConfig, training: DictConfig, observations: Observations) -> SignalGNN:
    """The network before any fit, from stream model_init."""
    meta = observations.meta
    return SignalGNN(
        n_neurons=meta["n_neurons"],
        input_mode=meta["external_input_mode"],
        generator=stream(training.seed, "model_init"),
        dtype=getattr(torch, meta["dtype"]),
        **{str(name): value for name, value in model.items()},
    )


def build_phases(training: DictConfig, n_frames: int, delta_t: float, u_max: float) -> list[Phase]:
    """Adam, variable projection, Gauss-Newton, as the keys say."""
    seed = training.seed
    objective: FitObjective = OneStep(training.noise_model_level)
    if training.time_step > 1:
        objective = Rollout(training.time_step, delta_t, training.noise_model_level)
    steps = training.max_steps
    if steps is None:
        steps = published_steps(n_frames, training.data_augmentation_loop, training.batch_size)
    phases: list[Phase] = [
        GradientPhase(
            n_steps=steps,
            batch_size=training.batch_size,
            learning_rate_W=training.learning_rate_W_start,
            learning_rate=training.learning_rate_start,
            learning_rate_embedding=training.learning_rate_embedding_start,
            objective=objective,
            regularisers=regularisers({name: training[name] for name in KINDS}, u_max),
            W_solve_interval=training.W_solve_interval,
            ridge=training.W_solve_ridge,
            ridge_frames=training.W_solve_frames,
            batch_order=stream(seed, "batch_order"),
            noise=stream(seed, "training_noise"),
        )
    ]
    if training.projection_iterations:
        phases.append(
            SignalProjectionPhase(
                ridges=list(training.projection_ridge),
                iterations=training.projection_iterations,
                n_starts=training.projection_starts,
                screening_iterations=training.projection_screening_iterations,
                n_frames=training.projection_frames,
                n_nodes=training.projection_nodes,
                generator=stream(seed, "model_init/starts"),
            )
        )
    if training.gauss_newton_iterations:
        phases.append(
            GaussNewtonPhase(
                ridges=list(training.gauss_newton_ridge),
                iterations=training.gauss_newton_iterations,
                n_frames=training.gauss_newton_frames,
                n_nodes=training.gauss_newton_nodes,
            )
        )
    return phases


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best."""
    observations = Observations.open(dataset)
    data = RecordingDataModule(dataset, target=training.target, difference_order=training.difference_order)
    net = build_net(model, training, observations)
    frames = data.frames("train")
    u_max = set_state_scale(net, frames)
    return train(net, build_phases(training, frames.n_frames, data.delta_t, u_max), data, context)
