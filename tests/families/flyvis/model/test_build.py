"""A network is composed of parts that words or nodes of the configuration name."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from torch_geometric.data import Data  # noqa: E402

from hydra_llm.families.flyvis.model.build import flyvis_gnn  # noqa: E402
from hydra_llm.families.flyvis.model.messages import MessageFunction  # noqa: E402
from hydra_llm.families.flyvis.model.updates import UpdateFunction  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402


class PowerMessage(MessageFunction):
    """scale * max(v, 0)^power."""

    def __init__(self, model, generator, power):
        super().__init__(model, generator)
        self.scale, self.power = torch.nn.Parameter(torch.ones(())), power

    def forward(self, v, a):
        return self.scale * v.clamp_min(0) ** self.power


class DrivenUpdate(UpdateFunction):
    """msg + I, one state falling at its own rate."""

    def __init__(self, model, n_neurons, generator):
        super().__init__(model, n_neurons, generator)
        self.rate = torch.nn.Parameter(torch.rand(n_neurons, generator=generator))

    def forward(self, v, a, msg, external):
        return msg + external - self.rate * v


def halves(scale, n_edges, generator):
    return torch.full((n_edges,), scale / 2)


OWN = {
    "message_form": {"_target_": f"{__name__}.PowerMessage", "power": 3},
    "update_form": {"_target_": f"{__name__}.DrivenUpdate"},
    "W_init": {"_target_": f"{__name__}.halves"},
}


def make(**keys):
    graph = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), input_index=torch.tensor([0]), num_nodes=3)
    return flyvis_gnn(graph=graph, generator=stream(0, "model_init"), dtype=torch.float64, **keys)


def test_parts_of_the_users_own_are_named_by_a_target_and_its_arguments():
    net = make(**OWN)
    v, external = torch.tensor([[2.0, -1.0, 1.0]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    msg = torch.tensor([[0.0, 4.0, 0.0]], dtype=torch.float64)  # W is 0.5, and 2^3 = 8
    drive = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(net(v, external), msg + drive - net.lin_phi.rate * v)


def test_parts_of_the_users_own_learn_in_the_groups_of_what_they_replace():
    net = make(**OWN)
    parts = net.parts()
    assert [name for name, values in parts.items() if values] == ["W", "edge", "update"]
    net(torch.ones(1, 3, dtype=torch.float64), None).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for values in parts.values() for p in values)
