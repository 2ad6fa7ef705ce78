"""What a neuron sends: g(v_j, a_j), a function of the source alone, evaluated once per neuron."""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor, nn

from hydra_llm.families.flyvis.config import FlyvisGNNConfig
from hydra_llm.nn.embedding import beside
from hydra_llm.nn.mlp import MLP


class MessageFunction(nn.Module, ABC):
    """Built from the keys of conf/model and the generator that its weights are drawn with."""

    def __init__(self, model: FlyvisGNNConfig, generator: Generator) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, v: Tensor, a: Tensor) -> Tensor:
        """g [..., source] of states v [..., source]; a [source, embedding], of width 0 where g sees no embedding."""

    def reset(self, generator: Generator) -> None:  # a known message has nothing to draw
        """Draw the function again, before another start of a fit."""


class LinearMessage(MessageFunction):
    """g = lin_edge(v, a), with a linear path that starts at v.

    A message drawn at random may fall with the state, and some fits stay there: this one starts near the identity.
    """

    def __init__(self, model: FlyvisGNNConfig, generator: Generator) -> None:
        super().__init__(model, generator)
        self.mlp = _perceptron(model, generator, linear_path=True)
        self._rise()

    def forward(self, v: Tensor, a: Tensor) -> Tensor:
        return self.mlp(beside(v, a)).squeeze(-1)

    def reset(self, generator: Generator) -> None:
        self.mlp.reset(generator)
        self._rise()

    def _rise(self) -> None:
        assert self.mlp.linear is not None  # the linear path
        with torch.no_grad():
            self.mlp.linear.weight[:, 0] = 1


class SquaredMessage(MessageFunction):
    """g = lin_edge(v, a)^2 >= 0, as published."""

    def __init__(self, model: FlyvisGNNConfig, generator: Generator) -> None:
        super().__init__(model, generator)
        self.mlp = _perceptron(model, generator, linear_path=False)

    def forward(self, v: Tensor, a: Tensor) -> Tensor:
        return self.mlp(beside(v, a)).squeeze(-1).square()

    def reset(self, generator: Generator) -> None:
        self.mlp.reset(generator)


class RectifiedMessage(MessageFunction):
    """g = max(v, 0), known."""

    def forward(self, v: Tensor, a: Tensor) -> Tensor:
        return torch.relu(v)


def _perceptron(model: FlyvisGNNConfig, generator: Generator, *, linear_path: bool) -> MLP:
    return MLP(
        n_in=1 + (model.embedding_dim if model.edge_embedding else 0),
        n_out=1,
        hidden_dim=model.hidden_dim,
        n_layers=model.n_layers,
        activation=model.activation,
        linear_path=linear_path,
        generator=generator,
    )
