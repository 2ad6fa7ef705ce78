"""Penalties of reaction networks: each against its formula, each with a gradient."""

import itertools
from dataclasses import fields

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.config import MetabolismTraining  # noqa: E402
from hydra_llm.families.metabolism.fitting.regularisers import reaction_regularisers  # noqa: E402

COEFFICIENTS = sorted(f.name for f in fields(MetabolismTraining) if f.name.startswith("coeff_"))


def penalties(threshold=-3.0, **coefficients):
    """Those with the given coefficients; all others are 0."""
    keys = {"seed": 0, "k_floor_threshold": threshold, **dict.fromkeys(COEFFICIENTS, 0.0), **coefficients}
    return reaction_regularisers(MetabolismTraining(**keys))


@pytest.fixture
def net(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames, freeze_stoichiometry=False)
    with torch.no_grad():
        last = net.node_func.net[-1]
        last.weight.copy_(torch.linspace(-1, 1, last.weight.numel()).reshape(last.weight.shape))
        last.bias.fill_(0.2)
        net.log_k.copy_(torch.linspace(-4, -1, net.n_reactions))
        net.substrate.mlp.linear.weight[0, 0] = -1.0  # a contribution that falls
    return net


def value(net, name, coeff=1.0, threshold=-3.0):
    c = 0.5 + torch.rand((4, net.n_metabolites), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    (term,) = penalties(threshold, **{name: coeff})
    return term(net, c), c


def S_of(net):
    return (net.S * net.support).detach()


FORMULAS = {
    "coeff_S_L1": lambda net, c: S_of(net).abs().sum(),
    "coeff_S_integer": lambda net, c: torch.sin(torch.pi * S_of(net)[net.support > 0]).square().mean(),
    "coeff_mass_conservation": lambda net, c: torch.stack([column.sum() ** 2 for column in S_of(net).T]).mean(),
    "coeff_MLP_sub_norm": lambda net, c: (net.factor(torch.ones(1).double())[0, 0] - 1) ** 2,
    "coeff_MLP_node_L1": lambda net, c: net.node(c, None).abs().mean(),
    "coeff_k_floor": lambda net, c: sum(max(0.0, -3 - x) ** 2 for x in net.log_k.tolist()),
}


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_penalty_is_its_published_formula(net, name):
    found, c = value(net, name)
    torch.testing.assert_close(found.detach(), torch.as_tensor(FORMULAS[name](net, c)).detach().double())


def test_the_monotonicity_penalty_counts_what_falls_between_neighbouring_points(net):
    found, _ = value(net, "coeff_MLP_sub_diff")
    grid = torch.linspace(0.1, 2 * float(net.state_scale), 101, dtype=torch.float64)
    f = net.factor(grid)[:, 0].tolist()
    falls = [max(0.0, a - b) for a, b in itertools.pairwise(f)]
    assert found.item() == pytest.approx(sum(x * x for x in falls) ** 0.5)
    with torch.no_grad():
        net.substrate.mlp.net[-1].weight.zero_()
        net.substrate.mlp.linear.weight[0, 0] = 1.0
    assert value(net, "coeff_MLP_sub_diff")[0] == 0


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_every_coefficient_reaches_a_gradient_and_scales_it(net, name):
    gradients = []
    for coeff in (1.0, 3.0):
        net.zero_grad()
        value(net, name, coeff)[0].backward()
        parts = [p.grad.reshape(-1).clone() for p in net.parameters() if p.grad is not None]
        gradients.append(torch.cat(parts))
    assert gradients[0].abs().sum() > 0
    torch.testing.assert_close(gradients[1], 3 * gradients[0])


def test_the_floor_lies_where_the_threshold_says(net):
    assert value(net, "coeff_k_floor", threshold=-4.5)[0] == 0
    assert value(net, "coeff_k_floor", threshold=-2.0)[0] > value(net, "coeff_k_floor", threshold=-3.0)[0]


def test_a_network_with_a_clock_has_a_node_penalty_too(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(circadian_amplitude=0.2)
    net = make_reaction_net(system, frames)
    net.node_func.net[-1].bias.data.fill_(0.5)
    assert value(net, "coeff_MLP_node_L1")[0].item() == pytest.approx(0.5)


def test_zero_costs_nothing_and_a_negative_coefficient_is_refused():
    assert len(COEFFICIENTS) == 7
    assert penalties() == ()
    with pytest.raises(ValueError, match=r"training.coeff_k_floor must be at least 0, got -1.0"):
        penalties(coeff_k_floor=-1.0)
