"""What a user may name by `_target_` instead of ours: the network, the phases of a fit, the LightningModule.

Each node is called with what its family provides, on top of its own keys.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import nn

from hydra_llm.families.errors import ExperimentError
from hydra_llm.schema.training import OpenTraining
from hydra_llm.training.phases.base import FitData, Phase

T = TypeVar("T", bound=OpenTraining)


def call(node: Mapping[str, Any] | DictConfig, key: str, **provided: Any) -> Any:
    """What `_target_` of the node makes of its own keys and of those that are provided.

    key: where the node stands, for the sentence. Raises ExperimentError for a target that does not exist or does not
    take these arguments.
    """
    if "_target_" not in node:
        raise ExperimentError(f"{key} must name what it builds as {key}._target_, got the keys {', '.join(node)}.")
    try:
        partial = instantiate(node, _partial_=True, _convert_="all")
    except InstantiationException as error:
        raise ExperimentError(f"{key}._target_={node['_target_']} cannot be used: {error}") from error
    try:
        inspect.signature(partial).bind(**provided)
    except (TypeError, ValueError) as error:
        raise ExperimentError(
            f"{key}._target_={node['_target_']} must take {', '.join(provided)} as keywords: {error}."
        ) from error
    return partial(**provided)


def network_of(model: DictConfig, **provided: Any) -> nn.Module:
    """The network of conf/model: du/dt [batch, unit] = net(u [batch, unit], external [batch, column] or None)."""
    net = call(model, "model", **provided)
    if not isinstance(net, nn.Module):
        raise ExperimentError(f"model._target_ must build a torch.nn.Module, got {type(net).__name__}.")
    return net


def phases_of(training: T, data: FitData, recipe: Callable[[T, FitData], Sequence[Phase]]) -> Sequence[Phase]:
    """The phases that training.phases lists, or those of the family's recipe where it is null."""
    if training.phases is None:
        return recipe(training, data)
    return [
        call(node, f"training.phases[{number}]", training=training, data=data)
        for number, node in enumerate(training.phases)
    ]
