"""Synapses that most counterparts have, on a lattice, and a whole fit that finds them."""

import logging

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from test_hidden_cells import trained  # noqa: E402

from hydra_llm.families.flyvis.fitting.missing_synapses import missing_synapses  # noqa: E402


def pairs(edges):
    return set(map(tuple, edges.T.tolist()))


def without(eye, numbers):
    kept = torch.ones(eye.edge_index.shape[1], dtype=torch.bool)
    kept[numbers] = False
    return eye.edge_index[:, kept]


def test_a_whole_wiring_diagram_lacks_nothing(eye):
    assert missing_synapses(eye.edge_index, eye.types, eye.column).shape == (2, 0)


def test_synapses_that_were_taken_out_are_found_and_no_others(eye):
    drawn = torch.randperm(eye.edge_index.shape[1], generator=torch.Generator().manual_seed(2))[:8]
    found = missing_synapses(without(eye, drawn), eye.types, eye.column)
    assert pairs(found) == pairs(eye.edge_index[:, drawn])


def test_what_fewer_than_half_of_the_pairs_have_is_not_asked_for_elsewhere(eye):
    (source, target), kind = eye.edge_index, eye.types
    own = ((kind[source] == 0) & (kind[target] == 1)).nonzero().ravel()
    few = without(eye, own[: int(0.6 * len(own))])
    assert not pairs(missing_synapses(few, eye.types, eye.column))
    many = without(eye, own[: int(0.4 * len(own))])
    assert pairs(missing_synapses(many, eye.types, eye.column)) == pairs(eye.edge_index[:, own[: int(0.4 * len(own))]])


def test_where_all_neurons_share_one_column_nothing_is_missing(eye):
    alone = torch.arange(eye.n)
    assert missing_synapses(eye.edge_index, alone, torch.zeros_like(eye.column)).shape == (2, 0)


def test_a_graph_without_synapses_lacks_nothing(eye):
    assert missing_synapses(eye.edge_index[:, :0], eye.types, eye.column).shape == (2, 0)


def test_a_fit_with_hidden_synapses_infers_them_and_says_so(recorded, tmp_path, caplog):
    keys = {"n_hidden_neurons": 0, "edge_removal_ratio": 0.1, "noise_model_level": 0.3}
    dataset = recorded(**keys)
    with caplog.at_level(logging.WARNING):
        _, completed = trained(dataset, tmp_path / "a")
    assert "that most neurons wired alike have" in caplog.text
    net, ignored = trained(dataset, tmp_path / "b", missing_synapses="ignored")
    assert net.net.edge_index.shape[1] == dataset.observations().structure("edge_index").shape[1]
    assert "inferred_edges" not in ignored
    assert completed["inferred_edge_precision"] > 0.9
    assert completed["inferred_edge_recall"] > 0.5
    assert completed["connectivity_R2"] > ignored["connectivity_R2"] + 0.01
