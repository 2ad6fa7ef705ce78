"""Embeddings of metabolites that the node function treats alike attract each other, others repel. No labels.

Pairs are compared by the cosine of their learned response curves on a grid of concentrations, after subtracting the
mean curve: all curves fall, and what tells types apart is the difference. Hadsell, Chopra & LeCun (2006) for the loss.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.families.metabolism.homeostasis.submodels import Regulated
from hydra_llm.training.strategy import Batch, FitStep

GRID = 20  # concentrations per response curve


@dataclass(frozen=True)
class ContrastiveLoss:
    """lambda * mean over pairs of [s]+ d^2 + [-s]+ relu(margin - d)^2, s = similarity, d = distance of embeddings.

    The gradient goes into the embeddings alone: responses are what they are compared by, not what is moved.
    """

    lambda_contrastive: float
    margin: float
    low: float  # of the grid, in concentration
    high: float
    external: Tensor | None  # [1, column]: a known input to ask under, that of the first recorded frame
    name: str = "contrastive"

    def loss(self, model: Regulated, batch: Batch, step: FitStep) -> Tensor:
        similar = response_similarity(self.responses(model, batch.state()))
        a = model.embedding.a
        pair = torch.triu_indices(len(a), len(a), offset=1, device=a.device)
        distance = (a[pair[0]] - a[pair[1]]).pow(2).sum(dim=-1).clamp_min(1e-12).sqrt()
        s = similar[pair[0], pair[1]]
        attract = s.clamp_min(0) * distance.pow(2)
        repel = (-s).clamp_min(0) * (self.margin - distance).clamp_min(0).pow(2)
        return self.lambda_contrastive * (attract + repel).mean()

    def responses(self, model: Regulated, states: Tensor) -> Tensor:
        """node(c, a_i) on the grid [metabolite, point], without gradient; states: for their number and precision."""
        grid = torch.linspace(self.low, self.high, GRID, dtype=states.dtype, device=states.device)
        external = None if self.external is None else self.external.expand(GRID, -1)
        with torch.no_grad():
            return model.node(grid[:, None].expand(GRID, states.shape[1]), external).T


def response_similarity(responses: Tensor) -> Tensor:
    """Cosine [metabolite, metabolite] of response curves [metabolite, point] around their mean; 0 where all agree."""
    deviation = responses - responses.mean(dim=0)
    length = torch.linalg.vector_norm(deviation, dim=1, keepdim=True)
    direction = torch.where(length > 0, deviation / length.clamp_min(1e-300), 0)
    return direction @ direction.T
