"""How a reaction network is built and fitted. Opens the observations of a dataset and nothing else."""

from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hydra_llm.data.observations import Observations
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.attempts import fit_that_beats_baselines
from hydra_llm.families.doors import network_of, phases_of
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.metabolism.config import HomeostasisTraining, MetabolismTraining
from hydra_llm.families.metabolism.fitting.adam import ReactionGradientPhase
from hydra_llm.families.metabolism.fitting.newton import NewtonPhase
from hydra_llm.families.metabolism.fitting.path_phase import PathPhase
from hydra_llm.families.metabolism.fitting.projection import ReactionProjectionPhase
from hydra_llm.families.metabolism.fitting.rate_constants import RateConstantsPhase
from hydra_llm.families.metabolism.homeostasis.fit import fit_homeostasis, phase1_keys
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import VALIDATION_FRAMES, RecordingDataModule
from hydra_llm.training.phases.base import FitData, Phase
from hydra_llm.training.phases.projection import polishing
from hydra_llm.training.phases.refinement import RefinementPhase
from hydra_llm.training.recovery import unexplained_variance


def build_net(
    model: DictConfig, training: MetabolismTraining, observations: Observations, activity: Tensor | None
) -> nn.Module:
    """The network before any fit, from stream model_init; activity: recorded concentrations [frame, metabolite]."""
    meta = observations.meta
    dtype = getattr(torch, meta["dtype"])
    return network_of(
        model,
        stoichiometry=observations.structure("stoichiometry").to(dtype),
        orders=observations.structure("substrate_orders").to(dtype),
        freeze_stoichiometry=training.freeze_stoichiometry,
        input_mode=meta["external_input_mode"],
        activity=activity,
        generator=stream(training.seed, "model_init"),
        dtype=dtype,
    )


def recipe(training: MetabolismTraining, data: FitData) -> list[Phase]:
    """Phase 1: Adam, variable projection, then refined targets, Gauss-Newton steps and one exact solution for the rate
    constants, or, for a noisy recording, the path of its states."""
    phases: list[Phase] = [ReactionGradientPhase.of(training, data)]
    if training.projection_iterations:
        phases.append(ReactionProjectionPhase.of(training, data))
    if path := PathPhase.phases(training, data):
        return [*phases, *path]
    if training.projection_iterations:
        phases += RefinementPhase.phases(training, data, lambda: ReactionProjectionPhase.of(polishing(training), data))
    if training.projection_iterations and training.newton_iterations:
        phases.append(NewtonPhase.of(training, data))  # which ends with the constants
    elif training.solve_rate_constants:
        phases.append(RateConstantsPhase.of(training, data))
    return phases


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best."""
    keys = as_object(training, MetabolismTraining)
    observations = Observations.open(dataset)
    data = RecordingDataModule(dataset, keys)

    def attempt(keys: MetabolismTraining, context: FitContext) -> Fit:
        net = build_net(model, keys, observations, data.frames("train").activity)
        if not isinstance(keys, HomeostasisTraining):
            return train(net, phases_of(keys, data, recipe), data, context, module=keys.module)
        phases = phases_of(phase1_keys(keys), data, recipe)
        return fit_homeostasis(net, phases, dataset, data, model, keys, context)

    def loss(found: Fit) -> float:
        """Of the whole derivative, because phase 2 validates on homeostasis alone; as estimated without the network
        where a path was fitted, which obeys the network whatever that is."""
        path = isinstance(data.method, Smoothed)
        frames = data.estimates.frames("validation") if path else data.frames("validation")
        return float(unexplained_variance(found.net, frames.spread(VALIDATION_FRAMES)))

    return fit_that_beats_baselines(keys, data, context, attempt, loss)
