"""What a term of the objective sees of a reaction network. A view changes one part of it and passes the rest on."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.nn.embedding import NeuronEmbedding


class Regulated(Protocol):
    """dc_i/dt = reaction_i(c) + node_i(c_i), each [..., metabolite] at concentrations c [..., metabolite]."""

    @property
    def embedding(self) -> NeuronEmbedding: ...

    def reaction(self, c: Tensor, external: Tensor | None) -> Tensor: ...

    def node(self, c: Tensor, external: Tensor | None) -> Tensor: ...


@dataclass(frozen=True)
class View:
    """A network as it is; what a kind of view changes, it overrides."""

    net: Regulated

    @property
    def embedding(self) -> NeuronEmbedding:
        return self.net.embedding

    def reaction(self, c: Tensor, external: Tensor | None) -> Tensor:
        return self.net.reaction(c, external)

    def node(self, c: Tensor, external: Tensor | None) -> Tensor:
        return self.net.node(c, external)

    def __call__(self, c: Tensor, external: Tensor | None) -> Tensor:
        return self.reaction(c, external) + self.node(c, external)


@dataclass(frozen=True)
class WithInput(View):
    """Reactions together with a known additive input, so that node is all that is left of dc/dt."""

    net: ReactionGNN

    def reaction(self, c: Tensor, external: Tensor | None) -> Tensor:
        derivative = self.net.reaction(c, external)
        return derivative + external if external is not None and self.net.input_mode == "additive" else derivative


@dataclass(frozen=True)
class Amplified(View):
    """The node function times a factor: its gradient becomes comparable with that of the reactions."""

    factor: float

    def node(self, c: Tensor, external: Tensor | None) -> Tensor:
        return self.factor * self.net.node(c, external)


@dataclass(frozen=True)
class DetachedReaction(View):
    """Reactions as given numbers: the error flows back through the node function alone, not through their Jacobian."""

    def reaction(self, c: Tensor, external: Tensor | None) -> Tensor:
        with torch.no_grad():
            return self.net.reaction(c, external)


def scale_output(net: ReactionGNN, factor: float) -> None:
    """Multiply the node function by a factor, by its last layer: exact up to rounding."""
    last = net.node_func.net[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.mul_(factor)
        last.bias.mul_(factor)
