"""The graph that a network of the family is given, as a Data of PyTorch Geometric, which any network there takes."""

from torch_geometric.data import Data

from hydra_llm.data.observations import Observations


def known_graph(observations: Observations) -> Data:
    """What the experimenter knows of the wiring.

    edge_index [(source, target), edge]; input_index [input], the neurons with an input; column [neuron, (u, v)].
    """
    known = {name: observations.structure(name) for name in ("edge_index", "input_index", "column")}
    return Data(num_nodes=observations.meta["n_neurons"], **known)
