"""An oracle that looks at some neurons finds of them what it finds of them among all, and says that it is a sample."""

import torch

from hydra_llm.families.flyvis.oracle import sample
from hydra_llm.families.flyvis.oracle.report import flyvis_oracle
from hydra_llm.families.flyvis.oracle.sample import Looked, neurons_to_look_at, share_looked_at

PUBLISHED = (13_741, 434_112)  # neurons and edges at extent 8


def asked(network, looked=None, noise=0.3):
    train, validation = (network.record(600, noise, seed, target="finite_difference") for seed in (1, 2))
    return flyvis_oracle(train, validation, network.graph, network.types, train.n_frames, looked)


def some(network, every=3):
    neurons = torch.arange(0, network.graph.num_nodes, every)
    return Looked.of(neurons, network.graph.edge_index, network.graph.num_nodes)


def test_what_needs_no_other_neuron_is_the_same_in_a_sample(relu_network):
    network = relu_network()
    looked = some(network, every=4)
    whole, part = asked(network), asked(network, looked)
    for name in ("ls", "evidence"):
        all_of, some_of = getattr(whole, name), getattr(part, name)
        torch.testing.assert_close(some_of.W, all_of.W[looked.edges], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(some_of.tau, all_of.tau[looked.neurons], rtol=1e-9, atol=0)
        torch.testing.assert_close(some_of.v_rest, all_of.v_rest[looked.neurons], rtol=1e-9, atol=1e-12)
    assert torch.equal(part.identifiable_W, whole.identifiable_W[looked.edges])
    assert torch.equal(part.silent, whole.silent), "of every neuron, whether it was looked at or not"


def test_types_are_shared_within_a_sample_too(relu_network):
    network = relu_network(n_columns=30)
    part = asked(network, some(network, every=2), noise=0.05)
    true_W = network.W[part.looked.edges]
    errors = [float((oracle.W - true_W).square().mean()) for oracle in (part.ls, part.tied)]
    assert errors[1] < errors[0]
    of_type = network.types[part.looked.neurons]
    for number in of_type.unique():
        assert part.tied.tau[of_type == number].unique().numel() == 1


def test_a_sample_says_that_it_is_one(relu_network):
    network = relu_network()
    looked = some(network)
    part, whole = asked(network, looked), asked(network)
    told = f"Looked at: a sample of {len(looked.neurons)} of {network.graph.num_nodes} neurons"
    assert part.sentence(network.graph, 0.0).startswith(told)
    assert part.scores()["oracle_sampled_neurons"] == len(looked.neurons)
    assert "sample" not in whole.sentence(network.graph, 0.0)
    assert "oracle_sampled_neurons" not in whole.scores()


def test_small_eyes_are_looked_at_whole_and_large_ones_by_a_bounded_sample_of_every_type(relu_network, monkeypatch):
    assert share_looked_at(1_203, 28_904, 16_000) == 1.0
    n_neurons, n_edges = PUBLISHED
    at_8000, at_800_000 = (share_looked_at(n_neurons, n_edges, n) for n in (8_000, 800_000))
    assert round(at_8000 * n_edges * 8_000) == sample.EDGE_FRAMES
    assert round(at_800_000 * n_neurons) == sample.LEAST
    network = relu_network(n_columns=40)
    n = network.graph.num_nodes
    assert not neurons_to_look_at(network.graph, network.types, 8_000).is_sample
    monkeypatch.setattr(sample, "LEAST", 12)
    monkeypatch.setattr(sample, "EDGE_FRAMES", 1)
    looked = neurons_to_look_at(network.graph, network.types, 8_000)
    assert len(looked.neurons) == 12
    assert network.types[looked.neurons].bincount().tolist() == [4, 4, 4]
    column = network.graph.column[looked.neurons, 0]
    assert column.min() < 8
    assert column.max() >= 32, "from one border to the other"
    target = network.graph.edge_index[1]
    assert torch.equal(looked.edges, torch.isin(target, looked.neurons).nonzero().ravel())
    assert looked.n_neurons == n


def test_a_sample_of_an_eye_is_numbered_as_a_part_of_it_is(relu_network):
    network = relu_network()
    edge_index, n = network.graph.edge_index, network.graph.num_nodes
    looked = some(network)
    recorded = torch.arange(1, n, 2)
    between = torch.isin(edge_index, recorded).all(0).nonzero().ravel()
    part, kept, kept_edges = looked.within(recorded, between, edge_index.shape[1])
    assert torch.equal(recorded[part.neurons], looked.neurons[kept])
    assert torch.equal(between[part.edges], looked.edges[kept_edges])
    assert torch.isin(looked.neurons[kept], recorded).all()
    assert len(kept) == sum(int(neuron) % 2 for neuron in looked.neurons)
