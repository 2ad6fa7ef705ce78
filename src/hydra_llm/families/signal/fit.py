"""How a signal network is built and fitted. Opens the observations of a dataset and nothing else."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hydra_llm.data.observations import Observations
from hydra_llm.families.attempts import fit_that_beats_baselines
from hydra_llm.families.doors import network_of, phases_of
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.explained import explained, wanted
from hydra_llm.families.signal.fitting.adam import GradientPhase
from hydra_llm.families.signal.fitting.followed_phase import FittedPhase, FollowedPhase, nothing_more
from hydra_llm.families.signal.fitting.known_synapses import KnownSynapses, restrict
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection, NoiseTakenOut
from hydra_llm.families.signal.fitting.projection import SignalProjectionPhase
from hydra_llm.families.signal.fitting.spline_phase import SplinePhase
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.phases.base import FitData, Phase
from hydra_llm.training.phases.projection import polishing
from hydra_llm.training.phases.refinement import RefinementPhase

SYNAPSES = "synapses"  # of the structure: bool [target, source], those that may exist


def build_net(model: DictConfig, seed: int, observations: Observations, activity: Tensor | None) -> nn.Module:
    """The network before any fit, from stream model_init; activity: recorded states [frame, neuron]."""
    meta = observations.meta
    net = network_of(
        model,
        n_neurons=meta["n_neurons"],
        input_mode=meta["external_input_mode"],
        activity=activity,
        generator=stream(seed, "model_init"),
        dtype=getattr(torch, meta["dtype"]),
    )
    if knows_synapses(observations):
        restrict(net, observations.structure(SYNAPSES))
    return net


def knows_synapses(observations: Observations) -> bool:
    """Whether the experimenter has said which synapses may exist."""
    return SYNAPSES in observations.meta.get("structure", ())


def recipe(training: SignalTraining, data: FitData, then: Callable[[FittedPhase], Phase]) -> list[Phase]:
    """Adam, splines or variable projection, then refined targets, as the keys say. then: what follows each fit of the
    functions.
    """
    phases: list[Phase] = [GradientPhase.of(training, data)]
    if training.spline_knots:
        phases.append(then(SplinePhase.of(training, data)))
        phases += RefinementPhase.phases(training, data, lambda: then(SplinePhase.of(training, data, goes_on=True)))
    if training.projection_iterations:
        phases.append(then(SignalProjectionPhase.of(training, data)))
        polished = polishing(training)
        phases += RefinementPhase.phases(training, data, lambda: then(SignalProjectionPhase.of(polished, data)))
    return phases


def _after_functions(data: FitData, observations: Observations) -> Callable[[FittedPhase], Phase]:
    """What follows a phase that has found the functions: W on the known synapses, or all again without the noise."""
    knows = knows_synapses(observations)
    mode = observations.meta["external_input_mode"]
    correction = NoiseCorrection.wanted(data.method, data.recorded("train"), mode)
    if correction is not None:
        return partial(FollowedPhase, after=NoiseTakenOut(correction, knows))
    return partial(FollowedPhase, after=KnownSynapses()) if knows else nothing_more


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    """Fit a network to the observations of `dataset` and return the checkpoint that validates best."""
    keys = as_object(training, SignalTraining)
    data = RecordingDataModule(dataset, keys)
    observations = Observations.open(dataset)
    then = _after_functions(data, observations)

    n_latent = wanted(keys, data, observations)
    if keys.bootstrap and n_latent != 0:
        raise ValueError(
            f"training.bootstrap={keys.bootstrap} has no place for latent inputs, whose fit has intervals of its own. "
            "Set training.bootstrap=0 or training.latent_inputs=0."
        )

    def attempt(keys: SignalTraining, context: FitContext) -> Fit:
        net = build_net(model, keys.seed, observations, data.frames("train").activity)
        return train(net, phases_of(keys, data, partial(recipe, then=then)), data, context, module=keys.module)

    found = fit_that_beats_baselines(keys, data, context, attempt)
    return found if n_latent == 0 else explained(found, keys, data, n_latent)
