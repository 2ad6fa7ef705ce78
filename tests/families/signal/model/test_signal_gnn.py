import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.model.gnn import SignalGNN  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402


def make(n_neurons=6, embedding_dim=0, input_mode="none", seed=0):
    return SignalGNN(
        n_neurons=n_neurons,
        hidden_dim=8,
        n_layers=3,
        activation="tanh",
        embedding_dim=embedding_dim,
        embedding_scale=0.1,
        W_init_scale=1.0,
        input_mode=input_mode,
        generator=stream(seed, "model_init"),
        dtype=torch.float64,
    )


def test_weights_run_from_source_to_target():
    net = make()
    with torch.no_grad():
        net.W.zero_()
        net.W[4, 1] = 2.0  # onto neuron 4, from neuron 1
    u = torch.randn(3, 6, dtype=torch.float64)
    received = net(u, None) - net.update(u)
    expected = torch.zeros_like(u)
    expected[:, 4] = 2.0 * net.message(u)[:, 1]
    torch.testing.assert_close(received, expected)


def test_a_neuron_does_not_send_to_itself():
    net = make()
    with torch.no_grad():
        net.W.fill_diagonal_(1e6)
    assert torch.diagonal(net.connectivity()).eq(0).all()
    assert net(torch.zeros(1, 6, dtype=torch.float64), None).abs().max() < 1e3


def test_the_scale_of_the_message_is_a_gauge():
    net = make()
    u = torch.randn(5, 6, dtype=torch.float64)
    before = net(u, None)
    with torch.no_grad():
        net.W /= 3
        net.lin_edge.net[-1].weight *= 3
        net.lin_edge.net[-1].bias *= 3
    torch.testing.assert_close(net(u, None), before)


def test_permuting_neurons_permutes_the_derivative():
    net, permuted = make(embedding_dim=2), make(embedding_dim=2)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    with torch.no_grad():
        permuted.W.copy_(net.W[order][:, order])
        permuted.embedding.a.copy_(net.embedding.a[order])
    u = torch.randn(2, 6, dtype=torch.float64)
    torch.testing.assert_close(permuted(u[:, order], None), net(u, None)[:, order])


def test_an_additive_input_adds_and_a_multiplicative_one_scales_what_is_received():
    u, e = torch.randn(2, 6, dtype=torch.float64), torch.randn(2, 6, dtype=torch.float64)
    plain = make()(u, None)
    torch.testing.assert_close(make(input_mode="additive")(u, e), plain + e)
    net = make(input_mode="multiplicative")
    torch.testing.assert_close(net(u, e), net.update(u) + (plain - net.update(u)) * e)


def test_an_unknown_input_mode_is_refused():
    with pytest.raises(ValueError, match="input_mode must be one of none, additive, multiplicative, got 'both'"):
        make(input_mode="both")
