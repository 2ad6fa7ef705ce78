"""How a reaction network is built and fitted. Opens the observations of a dataset and nothing else."""

from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hydra_llm.data.datamodule import RecordingDataModule
from hydra_llm.data.observations import Observations
from hydra_llm.families.doors import network_of, phases_of
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.metabolism.config import HomeostasisTraining, MetabolismTraining
from hydra_llm.families.metabolism.fitting.adam import ReactionGradientPhase
from hydra_llm.families.metabolism.fitting.projection import ReactionProjectionPhase
from hydra_llm.families.metabolism.fitting.rate_constants import RateConstantsPhase
from hydra_llm.families.metabolism.homeostasis.fit import fit_homeostasis, phase1_keys
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.phases.base import FitData, Phase


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
    """Phase 1: Adam, variable projection, one exact solution for the rate constants, as the keys say."""
    phases: list[Phase] = [ReactionGradientPhase.of(training, data)]
    if training.projection_iterations:
        phases.append(ReactionProjectionPhase.of(training, data))
    if training.solve_rate_constants:
        phases.append(RateConstantsPhase.of(training, data))
    return phases


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best."""
    keys = as_object(training, MetabolismTraining)
    observations = Observations.open(dataset)
    data = RecordingDataModule(dataset, target=keys.target, difference_order=keys.difference_order)
    net = build_net(model, keys, observations, data.frames("train").activity)
    if not isinstance(keys, HomeostasisTraining):
        return train(net, phases_of(keys, data, recipe), data, context, module=keys.module)
    phases = phases_of(phase1_keys(keys), data, recipe)
    return fit_homeostasis(net, phases, dataset, data, model, keys, context, observations.meta)
