"""The graph network of the fly visual system against its equations."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from torch_geometric.data import Data  # noqa: E402

from hydra_llm.families.flyvis.model.build import flyvis_gnn  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402

N, E, INPUTS = 25, 120, 6
PUBLISHED = {
    "message_form": "square",
    "update_form": "generic",
    "embedding_dim": 2,
    "embedding_scale": 0.0,
    "embedding_center": 1.0,
    "edge_embedding": True,
}


def graph():
    edge_index = torch.randint(N, (2, E), generator=torch.Generator().manual_seed(1))
    return Data(edge_index=edge_index, input_index=torch.arange(INPUTS), num_nodes=N)


def make(seed=0, dtype=torch.float64, **keys):
    return flyvis_gnn(graph=graph(), generator=stream(seed, "model_init"), dtype=dtype, **keys)


def states(n_batch=4):
    generator = torch.Generator().manual_seed(2)
    return (
        torch.randn(n_batch, N, generator=generator, dtype=torch.float64),
        torch.rand(n_batch, INPUTS, generator=generator, dtype=torch.float64),
    )


def per_edge(net, v, external):
    """The published formulation: the edge function once per edge, the sum by scattering."""
    source, target = net.edge_index
    a = net.embedding.a
    features = torch.cat([v[:, source].unsqueeze(-1), a[source].expand(len(v), E, -1)], dim=-1)
    sent = net.W * net.lin_edge.mlp(features).squeeze(-1) ** 2
    msg = torch.zeros_like(v).index_add(1, target, sent)
    drive = torch.zeros_like(v)
    drive[:, net.input_index] = external
    features = torch.cat([v.unsqueeze(-1), a.expand(len(v), N, -1), msg.unsqueeze(-1), drive.unsqueeze(-1)], dim=-1)
    return net.lin_phi.mlp(features).squeeze(-1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_evaluating_once_per_neuron_has_the_values_and_gradients_of_once_per_edge(dtype, tolerance):
    net = make(**PUBLISHED, dtype=dtype)
    v, external = (values.to(dtype) for values in states())
    gradients = []
    for predicted in (net(v, external), per_edge(net, v, external)):
        loss = torch.linalg.vector_norm(predicted - 1)
        gradients.append((predicted, *torch.autograd.grad(loss, list(net.parameters()))))
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.linalg.vector_norm(ours - theirs) <= tolerance * torch.linalg.vector_norm(theirs)


def test_the_published_functions_have_the_published_sizes():
    net = make(**PUBLISHED)
    sizes = {name: sum(p.numel() for p in values) for name, values in net.parts().items()}
    assert sizes == {"W": E, "edge": 6881, "update": 7041, "embedding": 2 * N}
    assert (net.embedding.a == 1).all()


def test_the_known_form_is_the_ode():
    """tau dv/dt = -v + sum_j W_ij relu(v_j) + I + v_rest, written with a dense matrix."""
    net = make(message_form="relu")
    with torch.no_grad():
        net.lin_phi.set_rate(torch.linspace(3, 60, N))
        net.lin_phi.v_rest.copy_(torch.linspace(-1, 1, N))
    v, external = states()
    W = torch.zeros(N, N, dtype=torch.float64)
    W.index_put_((net.edge_index[1], net.edge_index[0]), net.W.detach(), accumulate=True)
    drive = torch.cat([external, torch.zeros(4, N - INPUTS, dtype=torch.float64)], dim=1)
    tau = 1 / torch.linspace(3, 60, N, dtype=torch.float64)
    expected = (-v + v.clamp_min(0) @ W.T + drive + torch.linspace(-1, 1, N, dtype=torch.float64)) / tau
    torch.testing.assert_close(net(v, external), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(net.lin_phi.tau, tau, rtol=1e-6, atol=1e-9)


def test_a_rate_that_is_none_becomes_slow_and_stays_a_number():
    net = make()
    net.lin_phi.set_rate(torch.full((N,), -5.0))
    assert (net.lin_phi.rate > 0).all()
    assert torch.isfinite(net.lin_phi.raw_rate).all()


def test_without_an_input_nothing_enters():
    net = make()
    v, external = states()
    torch.testing.assert_close(net(v, None), net(v, torch.zeros_like(external)))


def test_neurons_share_the_message_function_unless_it_sees_the_embedding():
    v = torch.full((1, N), 0.7, dtype=torch.float64)
    shared = make(embedding_dim=2).message(v)
    own = make(embedding_dim=2, edge_embedding=True).message(v)
    assert shared.std() < 1e-12
    assert own.std() > 1e-4


def test_published_messages_are_not_negative():
    v, _ = states(50)
    assert (make(**PUBLISHED).message(10 * v) >= 0).all()


@pytest.mark.parametrize(("W_init", "sd"), [("randn_scaled", 2 / E**0.5), ("randn", 2.0), ("zeros", 0.0)])
def test_W_starts_with_the_spread_that_its_variant_names(W_init, sd):
    assert float(make(W_init=W_init, W_init_scale=2.0).W.detach().std()) == pytest.approx(sd, rel=0.25)


@pytest.mark.parametrize("key", ["W_init", "message_form", "update_form"])
def test_an_unknown_variant_is_an_error_that_lists_the_known_ones(key):
    with pytest.raises(ValueError, match=f"model.{key} must be one of .*, got 'cubic'"):
        make(**{key: "cubic"})


def test_equal_seeds_give_equal_networks_and_others_do_not():
    first, same, other = (make(seed, **PUBLISHED).lin_edge.mlp.net[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("seed", range(4))
def test_a_message_starts_rising_and_starts_so_again(seed):
    net = make(seed)
    v = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None].expand(7, N)
    for _ in range(2):
        assert (net.message(v).diff(dim=0) > 0.3).all()
        net.reset_functions(stream(seed + 10, "model_init"))
