"""How a reaction network is built and fitted. Opens the observations of a dataset and nothing else."""

from pathlib import Path

import torch
from omegaconf import DictConfig

from hydra_llm.data.datamodule import RecordingDataModule
from hydra_llm.data.observations import Observations
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.metabolism.fitting.adam import ReactionGradientPhase, cosine
from hydra_llm.families.metabolism.fitting.projection import ReactionProjectionPhase
from hydra_llm.families.metabolism.fitting.rate_constants import RateConstantsPhase
from hydra_llm.families.metabolism.fitting.regularisers import REACTION_KINDS, reaction_regularisers
from hydra_llm.families.metabolism.homeostasis.fit import fit_homeostasis, phase1_keys
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.objectives import FitObjective, OneStep, Rollout
from hydra_llm.training.phases.adam import published_steps
from hydra_llm.training.phases.base import Phase


def build_net(model: DictConfig, training: DictConfig, observations: Observations) -> ReactionGNN:
    """The network before any fit, from stream model_init."""
    meta = observations.meta
    dtype = getattr(torch, meta["dtype"])
    arguments = {str(name): value for name, value in model.items()}
    low, high = arguments.pop("log_k_init")
    return ReactionGNN(
        stoichiometry=observations.structure("stoichiometry").to(dtype),
        orders=observations.structure("substrate_orders").to(dtype),
        freeze_stoichiometry=training.freeze_stoichiometry,
        log_k_init=(low, high),
        input_mode=meta["external_input_mode"],
        generator=stream(training.seed, "model_init"),
        dtype=dtype,
        **arguments,
    )


def build_phases(training: DictConfig, n_frames: int, delta_t: float) -> list[Phase]:
    """Phase 1: Adam, variable projection, one exact solution for the rate constants, as the keys say."""
    seed = training.seed
    objective: FitObjective = OneStep(training.noise_model_level, per_sample=True)
    if training.time_step > 1:
        objective = Rollout(training.time_step, delta_t, training.noise_model_level, per_sample=True)
    steps = training.max_steps
    if steps is None:
        steps = published_steps(n_frames, training.data_augmentation_loop, training.batch_size)
    phases: list[Phase] = [
        ReactionGradientPhase(
            n_steps=steps,
            batch_size=training.batch_size,
            learning_rate_k=training.learning_rate_k,
            learning_rate_sub=training.learning_rate_sub,
            learning_rate_node=training.learning_rate_node,
            learning_rate_embedding=training.learning_rate_embedding,
            learning_rate_S=training.learning_rate_S_start,
            k_solve_interval=training.k_solve_interval,
            schedule=cosine if training.learning_rate_schedule == "cosine" else None,
            objective=objective,
            regularisers=reaction_regularisers(
                {name: training[name] for name in REACTION_KINDS}, training.k_floor_threshold
            ),
            batch_order=stream(seed, "batch_order"),
            noise=stream(seed, "training_noise"),
        )
    ]
    if training.projection_iterations:
        phases.append(
            ReactionProjectionPhase(
                lines=training.linear_homeostasis,
                ridges=list(training.projection_ridge),
                iterations=training.projection_iterations,
                n_starts=training.projection_starts,
                screening_iterations=training.projection_screening_iterations,
                n_frames=training.projection_frames,
                n_nodes=training.projection_nodes,
                generator=stream(seed, "model_init/starts"),
            )
        )
    if training.solve_rate_constants:
        phases.append(RateConstantsPhase(lines=training.linear_homeostasis, n_frames=None))
    return phases


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best."""
    observations = Observations.open(dataset)
    data = RecordingDataModule(dataset, target=training.target, difference_order=training.difference_order)
    net = build_net(model, training, observations)
    frames = data.frames("train")
    net.set_scales(frames.activity)
    if "homeostasis_training" not in training:
        return train(net, build_phases(training, frames.n_frames, data.delta_t), data, context)
    phases = build_phases(phase1_keys(training), frames.n_frames, data.delta_t)
    return fit_homeostasis(net, phases, dataset, data, model, training, context, observations.meta)
