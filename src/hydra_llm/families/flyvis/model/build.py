"""From the keys of conf/model to a network: a word names a part of ours, a node with _target_ one of the user's own."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from hydra.utils import instantiate
from torch import Generator
from torch_geometric.data import Data

from hydra_llm.families.flyvis.config import FlyvisGNNConfig
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.initial_weights import normal, normal_by_edges, zeros
from hydra_llm.families.flyvis.model.messages import LinearMessage, RectifiedMessage, SquaredMessage
from hydra_llm.families.flyvis.model.updates import GenericUpdate, Relaxation
from hydra_llm.nn.embedding import NeuronEmbedding
from hydra_llm.schema.fields import config_of

W_INITS = {"randn_scaled": normal_by_edges, "randn": normal, "zeros": zeros}
MESSAGE_FORMS = {"linear": LinearMessage, "square": SquaredMessage, "relu": RectifiedMessage}
UPDATE_FORMS = {"generic": GenericUpdate, "relaxation": Relaxation}


def flyvis_gnn(*, graph: Data, generator: Generator, dtype: torch.dtype, **keys: Any) -> FlyvisGNN:
    """The network that the keys of FlyvisGNNConfig describe, before any fit, on a graph (model.graph).

    Raises ValueError for an unknown key or word.
    """
    model = config_of(FlyvisGNNConfig, keys)
    assert graph.num_nodes is not None  # known_graph
    # in this order: all parts draw from one generator
    W = _part("W_init", model.W_init, W_INITS)(model.W_init_scale, graph.num_edges, generator)
    embedding = NeuronEmbedding(
        graph.num_nodes, model.embedding_dim, model.embedding_scale, generator, model.embedding_center
    )
    message = _part("message_form", model.message_form, MESSAGE_FORMS)(model, generator)
    update = _part("update_form", model.update_form, UPDATE_FORMS)(model, graph.num_nodes, generator)
    return FlyvisGNN(graph, W, embedding, message, update, edge_embedding=model.edge_embedding).to(dtype)


def _part(key: str, form: Any, known: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """What builds the part: a built-in one by its name, or the class of a node with _target_ and its arguments."""
    if isinstance(form, Mapping):
        return instantiate(form, _partial_=True)
    if form not in known:
        raise ValueError(f"model.{key} must be one of {', '.join(known)}, or a node with _target_, got {form!r}.")
    return known[form]
