"""From flat published keys to a FlyvisSystem: the target of conf/simulation/flyvis_*.yaml."""

import logging
from typing import Any

import torch

from hydra_llm.choice import check_choice
from hydra_llm.families.flyvis.config import FlyvisSimulation
from hydra_llm.families.flyvis.system.connectome import Connectome, build_connectome
from hydra_llm.families.flyvis.system.connectome_file import ConnectomeFile, read_connectome_file
from hydra_llm.families.flyvis.system.parameters import (
    Parameters,
    default_parameters,
    high_bias_parameters,
    trained_parameters,
    varied_parameters,
)
from hydra_llm.families.flyvis.system.source import find_connectome_file
from hydra_llm.families.flyvis.system.system import FlyvisSystem
from hydra_llm.families.flyvis.system.trained_network import find_trained_network
from hydra_llm.schema.fields import config_of
from hydra_llm.systems.random_streams import stream

log = logging.getLogger(__name__)

COMPLETE = 4  # the smallest extent at which every pair of types and every offset has an edge


def flyvis_system(**keys: Any) -> FlyvisSystem:
    """The eye that the keys of FlyvisSimulation describe.

    Raises ValueError with a sentence for an unknown key, and for whatever cannot be simulated, before anything is.
    """
    return build(config_of(FlyvisSimulation, keys))


def build(config: FlyvisSimulation) -> FlyvisSystem:
    file = read_connectome_file(find_connectome_file(config.connectome))
    eye = build_connectome(file, config.extent)
    parameters = _parameters(config.parameters, file, eye, config.seed)
    which = (
        config.parameters if config.parameters == parameters.origin else f"{config.parameters} ({parameters.origin})"
    )
    log.info("The eye: extent %d, %s neurons, parameters %s.", config.extent, f"{eye.n_neurons:,}", which)
    return FlyvisSystem(config, eye, file.sha256, parameters, _device(config.device))


def _parameters(name: str, file: ConnectomeFile, eye: Connectome, seed: int) -> Parameters:
    drawn = {"default": default_parameters, "high_bias": high_bias_parameters, "varied": varied_parameters}
    if name in drawn:
        return drawn[name](eye, stream(seed, "types"))
    return trained_parameters(find_trained_network(name), eye, build_connectome(file, COMPLETE))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("simulation.device=cuda needs a GPU, and torch sees none. Choose cpu or auto.")
    check_choice("simulation.device", name, ("auto", "cpu", "cuda"))
    return torch.device(name)
