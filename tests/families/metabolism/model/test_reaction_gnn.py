"""The graph network of reactions: its equation, its gauge, and that the true mechanism is one of its settings."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.model.gnn import ReactionGNN  # noqa: E402
from hydra_llm.families.metabolism.system import ReactionNetwork  # noqa: E402
from hydra_llm.families.metabolism.system.kinetics import power_products  # noqa: E402

# A + 2 B -> 3 C; B + E -> A + E (E a catalyst without net effect); C -> B
SUBSTRATES = torch.tensor([[1.0, 0, 0], [2, 1, 0], [0, 0, 1], [0, 1, 0]])
PRODUCTS = torch.tensor([[0.0, 1, 0], [0, 0, 1], [3, 0, 0], [0, 1, 0]])
NETWORK = ReactionNetwork.from_sides(SUBSTRATES, PRODUCTS)


def make(seed=0, **keys):
    arguments = {
        "stoichiometry": NETWORK.stoichiometry,
        "orders": NETWORK.orders,
        "freeze_stoichiometry": True,
        "substrate_form": "log",
        "hidden_dim_sub": 8,
        "n_layers_sub": 3,
        "hidden_dim_node": 8,
        "n_layers_node": 3,
        "activation": "tanh",
        "embedding_dim": 2,
        "embedding_scale": 0.1,
        "log_k_init": (-2.0, 1.0),
        "input_mode": "none",
        "generator": torch.Generator().manual_seed(seed),
        "dtype": torch.float64,
    }
    return ReactionGNN(**{**arguments, **keys})


def concentrations(n=5):
    return 0.1 + 5 * torch.rand((n, 4), generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("form", ["log", "softplus"])
def test_the_derivative_is_the_documented_equation(form):
    net, c = make(substrate_form=form), concentrations()
    F = net.factor(c).detach()  # [frame, metabolite, order]
    place = {order: k for k, order in enumerate(net.substrate.orders.tolist())}
    expected = torch.zeros_like(c)
    for t in range(len(c)):
        for j in range(3):
            v = 1.0
            for i in range(4):
                if (s := NETWORK.orders[i, j].item()) > 0:
                    v = v * F[t, i, place[s]]
            v = 10 ** net.log_k[j] * (v if form == "log" else math.log1p(math.exp(v)))
            expected[t] = expected[t] + NETWORK.stoichiometry[:, j] * v
    torch.testing.assert_close(net(c, None), expected)


def test_mass_action_is_one_setting_of_the_logarithmic_form():
    """A straight line in log c: exact up to the gauge, for substrates of order one."""
    c, orders = concentrations(), (NETWORK.orders > 0).double()
    net = make(orders=orders)
    net.set_scales(c)
    with torch.no_grad():
        net.substrate.mlp.net[-1].weight.zero_()
        net.substrate.mlp.net[-1].bias.copy_(net.substrate.log_mean)
        net.substrate.mlp.linear.weight.copy_(torch.tensor([[float(net.substrate.log_sd), 0.0]]))
    torch.testing.assert_close(
        net.laws(c, None), power_products(c, *ReactionNetwork(NETWORK.stoichiometry, orders).substrates())
    )


def test_a_rate_of_the_logarithmic_form_falls_with_its_substrate_and_the_published_form_keeps_a_floor():
    c = torch.full((1, 4), 1e-8, dtype=torch.float64)
    free = make()
    free.substrate.mlp.linear.weight.data[0, 0] = 1.0
    assert free.laws(c, None).max() < 1e-6
    floor = make(substrate_form="softplus")
    floor.substrate.mlp.net[-1].bias.data.zero_()
    floor.substrate.mlp.net[-1].weight.data.mul_(1e-6)
    assert floor.laws(c, None).min().item() == pytest.approx(math.log(2), rel=1e-3)


def exponent_of(net):
    return float(net.substrate.mlp.linear.weight[0, 0].detach() / net.substrate.log_sd)


@pytest.mark.parametrize("seed", range(5))
def test_at_the_start_rates_rise_with_their_substrates_by_an_exponent_that_is_not_the_truth(seed):
    net, c = make(seed=seed), concentrations()
    net.set_scales(c)
    exponent = exponent_of(net)
    assert 0.3 <= exponent <= 0.9
    net.set_scales(100 * c)
    assert exponent_of(net) == pytest.approx(exponent)
    net.reset_functions(torch.Generator().manual_seed(seed + 100))
    other = exponent_of(net)
    assert other != exponent
    assert 0.3 <= other <= 0.9


def test_a_factor_in_the_substrate_function_is_undone_by_the_rate_constants():
    net, c = make(), concentrations()
    before = net(c, None)
    with torch.no_grad():
        net.substrate.mlp.net[-1].bias.add_(0.7)
        net.log_k.sub_(0.7 / math.log(10) * net.incidence.sum(dim=0))
    torch.testing.assert_close(net(c, None), before)


def test_at_the_start_nothing_but_reactions_acts():
    net, c = make(), concentrations()
    assert (net.homeostasis(c, None) == 0).all()
    torch.testing.assert_close(net(c, None), net.reaction(c, None))


def test_a_line_per_metabolite_adds_its_slope_and_offset():
    net, c = make(), concentrations()
    net.linear.data.copy_(torch.tensor([[-0.1, 0.5]]).expand(4, 2))
    torch.testing.assert_close(net(c, None) - net.reaction(c, None), -0.1 * c + 0.5)


def test_the_clock_reaches_the_node_function_and_the_line():
    net, c = make(input_mode="clock"), concentrations()
    with pytest.raises(ValueError, match=r"A network with a clock must be given the.*got none"):
        net(c, None)
    net.linear.data[:, 2] = 2.0
    clock = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    torch.testing.assert_close(net(c, clock) - net.reaction(c, clock), 2 * clock.expand(5, 4))


@pytest.mark.parametrize("mode", ["additive", "multiplicative_substrate", "multiplicative_product"])
def test_an_input_enters_as_the_mode_says(mode):
    net, c = make(input_mode=mode), concentrations()
    external = 0.5 + torch.rand(c.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    still = make(input_mode="none")
    if mode == "additive":
        torch.testing.assert_close(net(c, external) - still(c, None), external)
        return
    side = NETWORK.orders > 0 if mode == "multiplicative_substrate" else NETWORK.stoichiometry > 0
    speed = torch.stack([external[:, own].mean(dim=1) for own in side.T], dim=1)
    torch.testing.assert_close(net.laws(c, external), still.laws(c, None) * speed)


def test_learned_coefficients_start_small_on_the_known_support_and_read_nothing_else_of_the_truth():
    a, b = (
        make(freeze_stoichiometry=False, stoichiometry=S) for S in (NETWORK.stoichiometry, -3 * NETWORK.stoichiometry)
    )
    assert torch.equal(a.stoichiometry(), b.stoichiometry())
    assert (a.stoichiometry()[NETWORK.stoichiometry == 0] == 0).all()
    assert a.S.requires_grad
    known = make()
    assert torch.equal(known.stoichiometry(), NETWORK.stoichiometry)
    assert not known.S.requires_grad


def test_the_same_generator_gives_the_same_network_and_the_rate_constants_fill_their_range():
    a, b, c = make(seed=1), make(seed=1), make(seed=2)
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.log_k, c.log_k)
    assert ((a.log_k >= -2) & (a.log_k <= 1)).all()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"substrate_form": "linear"}, "substrate_form must be one of log, softplus, got 'linear'"),
        ({"input_mode": "additiv"}, r"input_mode must be one of none, clock,.*got 'additiv'"),
        ({"log_k_init": (1.0, -1.0)}, "log_k_init"),
        ({"orders": NETWORK.orders[:, :2]}, r"Stoichiometry and orders must have one shape, got \(4, 3\) and \(4, 2\)"),
    ],
)
def test_what_describes_no_network_is_refused_with_a_sentence(keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**keys)
