"""Neurons that never move take the time constant of others, and stay where they are."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from torch_geometric.data import Data  # noqa: E402

from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.families.flyvis.fitting.still_neurons import settle, still  # noqa: E402
from hydra_llm.families.flyvis.model.build import flyvis_gnn  # noqa: E402

RATE = torch.tensor([20.0, 30.0, 40.0, 1.0, 1.0], dtype=torch.float64)
ALIKE = torch.tensor([0, 0, 0, 0, 1])  # 3 is wired like neurons that move, 4 like nobody


@pytest.fixture
def net():
    edges = torch.tensor([[0, 3, 1], [1, 4, 2]])
    graph = Data(num_nodes=5, edge_index=edges, input_index=torch.tensor([0]), column=torch.zeros((5, 2)))
    keys = {"message_form": "relu", "update_form": "relaxation", "embedding_dim": 0, "edge_embedding": False}
    made = flyvis_gnn(graph=graph, generator=torch.Generator().manual_seed(0), dtype=torch.float64, **keys)
    made.lin_phi.set_rate(RATE)
    with torch.no_grad():
        made.W.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return made


def recording(moving):
    generator = torch.Generator().manual_seed(1)
    activity = torch.full((50, 5), 0.5, dtype=torch.float64)
    target = torch.zeros_like(activity)
    activity[:, moving] += torch.randn((50, len(moving)), generator=generator, dtype=torch.float64)
    target[:, moving] = torch.randn((50, len(moving)), generator=generator, dtype=torch.float64)
    return Frames(activity, target, torch.zeros((50, 1), dtype=torch.float64), None)


def test_neurons_without_a_slope_are_still():
    assert still(recording([0, 1, 2])).tolist() == [False, False, False, True, True]


def test_a_still_neuron_has_the_median_rate_of_counterparts_that_move_or_of_all(net):
    resting = settle(net, recording([0, 1, 2]), ALIKE)
    assert resting.tolist() == [False, False, False, True, True]
    torch.testing.assert_close(net.lin_phi.rate.detach(), torch.tensor([20.0, 30, 40, 30, 30]).double())


def test_a_still_neuron_that_is_like_no_other_rests_where_it_was_seen(net):
    frames = recording([0, 1, 2])
    settle(net, frames, ALIKE)
    with torch.no_grad():
        slope = net(frames.activity, frames.external)
    assert net.lin_phi.v_rest[4].item() == pytest.approx(0.5 - 2 * 0.5)
    assert float(slope[:, 4].abs().max()) < 1e-9


def test_where_all_neurons_move_nothing_changes(net):
    before = [part.clone() for part in net.parameters()]
    assert not settle(net, recording([0, 1, 2, 3, 4]), ALIKE).any()
    assert all(torch.equal(one, other) for one, other in zip(before, net.parameters(), strict=True))
