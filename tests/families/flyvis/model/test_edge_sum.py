"""One sparse product in place of a loop over edges."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from torch_geometric.nn import MessagePassing  # noqa: E402

from hydra_llm.families.flyvis.model.edge_sum import EdgeSum  # noqa: E402


def draw(n_neurons=30, n_edges=200, n_batch=4):
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(n_neurons, (2, n_edges), generator=generator)  # in any order, some pairs twice
    W = torch.randn(n_edges, generator=generator, dtype=torch.float64).requires_grad_()
    message = torch.randn(n_batch, n_neurons, generator=generator, dtype=torch.float64).requires_grad_()
    return edge_index, W, message


class Gathered(MessagePassing):
    """The same sum as PyTorch Geometric does it: a message per edge, scattered to its target."""

    def __init__(self):
        super().__init__(aggr="add")

    def forward(self, edge_index, W, message):
        return self.propagate(edge_index, m=message.T, W=W.unsqueeze(1)).T

    def message(self, m_j, W):
        return W * m_j


def test_values_and_gradients_are_those_of_messages_passed_along_edges():
    edge_index, W, message = draw()
    results = [
        (received, *torch.autograd.grad(received.sin().sum(), (W, message)))
        for received in (EdgeSum(edge_index, 30)(W, message), Gathered()(edge_index, W, message))
    ]
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_gradient_of_W_does_not_depend_on_how_the_batch_is_cut(monkeypatch):
    edge_index, W, message = draw()
    whole = torch.autograd.grad(EdgeSum(edge_index, 30)(W, message).square().sum(), W)[0]
    monkeypatch.setattr("hydra_llm.families.flyvis.model.edge_sum._GATHER_LIMIT", 1)
    cut = torch.autograd.grad(EdgeSum(edge_index, 30)(W, message).square().sum(), W)[0]
    torch.testing.assert_close(cut, whole)


def test_the_matrix_has_targets_as_rows():
    graph = EdgeSum(torch.tensor([[0], [2]]), 3)
    dense = graph.matrix(torch.tensor([5.0])).to_dense()
    assert dense[2, 0] == 5
    assert torch.equal(graph.matrix(torch.tensor([5.0]), transposed=True).to_dense(), dense.T)


def test_a_network_without_edges_receives_nothing():
    graph = EdgeSum(torch.zeros(2, 0, dtype=torch.long), 3)
    assert torch.equal(graph(torch.zeros(0), torch.ones(2, 3)), torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("edge_index", "message"),
    [
        ([[0, 5], [1, 1]], "edge_index must name neurons 0 to 2, got 0 to 5"),
        ([[0, 1]], r"edge_index must have the shape \[2, edge\] \(sources, targets\), got \[1, 2\]"),
    ],
)
def test_an_edge_list_that_is_none_is_refused(edge_index, message):
    with pytest.raises(ValueError, match=message):
        EdgeSum(torch.tensor(edge_index), 3)
