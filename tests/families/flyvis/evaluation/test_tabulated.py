"""A law whose messages are read off a table is that of its network."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.evaluation.tabulated import tabulated  # noqa: E402


def test_the_law_with_a_table_is_that_of_the_network(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    net, v = make_graph_net(truth), truth.frames.activity
    law = tabulated(net, v.numpy())
    assert law is not net
    with torch.no_grad():
        expected, found = net(v, truth.frames.external), law(v, truth.frames.external)
    assert 0 < float((found - expected).abs().max()) < 1e-4 * float(expected.abs().max())


def test_beyond_the_recorded_voltages_the_network_is_asked(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    net, v = make_graph_net(truth), truth.frames.activity
    law = tabulated(net, v.numpy())
    with torch.no_grad():
        assert torch.equal(law(3 * v, truth.frames.external), net(3 * v, truth.frames.external))


@pytest.mark.parametrize("keys", [{"edge_embedding": True, "embedding_dim": 2}, {"message_form": "relu"}])
def test_a_network_without_one_curve_to_learn_is_asked_itself(make_graph_frames, make_graph_net, keys):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    net = make_graph_net(truth, **keys)
    assert tabulated(net, truth.frames.activity.numpy()) is net
