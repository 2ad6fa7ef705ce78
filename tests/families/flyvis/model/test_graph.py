"""The graph that a network is given."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.families.flyvis.model.graph import known_graph  # noqa: E402
from hydra_llm.training.simulation import simulate  # noqa: E402


def test_the_graph_holds_what_the_observations_know_and_no_more(make_flyvis_system, tmp_path):
    system = make_flyvis_system(n_extra_null_edges=7)
    dataset = simulate(system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], enable_progress_bar=False)
    graph, structure = known_graph(dataset.observations()), system.structure()
    assert (graph.num_nodes, graph.num_edges) == (system.n_units, structure["edge_index"].shape[1])
    assert set(graph.keys()) == {"num_nodes", "edge_index", "input_index", "column"}
    for name in ("edge_index", "input_index", "column"):
        assert torch.equal(graph[name], structure[name])
    assert graph.validate()
