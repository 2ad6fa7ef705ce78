"""What neurons send, read off a table, is what their network says."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.message_table import MessageTable, messages_of  # noqa: E402


@pytest.mark.parametrize("edge_embedding", [False, True])
def test_a_table_gives_the_message_of_every_neuron(make_graph_frames, make_graph_net, edge_embedding):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    net = make_graph_net(truth, edge_embedding=edge_embedding, embedding_dim=2 if edge_embedding else 0)
    v = truth.frames.activity
    low, high = (float(end) for end in v.aminmax())
    found = MessageTable(net, (low, high))(v.T).T
    expected = net.message(v).detach()
    assert float((found - expected).abs().max()) < 1e-4 * float(expected.abs().max())


def test_beyond_its_ends_a_table_goes_on_straight(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    table = MessageTable(make_graph_net(truth), (-1.0, 1.0))
    v = torch.tensor([0.9995, 1.0, 2.0, 3.0], dtype=torch.float64).expand(20, 4)
    inside, end, once, twice = table(v).T
    torch.testing.assert_close(twice - once, once - end)
    torch.testing.assert_close((once - end) * 0.0005, end - inside, rtol=1e-3, atol=1e-9)


def test_a_message_of_known_form_is_not_tabulated(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=20, n_frames=50)
    message = messages_of(make_graph_net(truth, message_form="relu"), (-1.0, 1.0))
    v = truth.frames.activity.T
    assert torch.equal(message(v), v.clamp_min(0))
