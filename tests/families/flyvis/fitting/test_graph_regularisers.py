"""Each penalty against its formula, on a network small enough to write it out."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.config import FlyvisTraining  # noqa: E402
from hydra_llm.families.flyvis.fitting.regularisers import KINDS, GraphPenalties, RecordedStatistics, TrainingProgress  # noqa: E402


@pytest.fixture
def case(make_graph_frames, make_graph_net, published_form):
    truth = make_graph_frames(n_neurons=12, n_frames=200)
    net = make_graph_net(truth, **published_form)
    with torch.no_grad():
        net.W.mul_(20)
    return net, truth.frames.activity[5:9], RecordedStatistics.of(truth.frames)


def penalty(key, coeff, recorded, **progress):
    settings = {"annealing_rate": 0.0, "step": 10_000, "n_steps": 10_000}
    return GraphPenalties({key: coeff}, recorded, TrainingProgress(**{**settings, **progress}))


def g(net, v):
    return net.lin_edge.mlp(torch.cat([v.unsqueeze(-1), net.embedding.a.expand(len(v), -1, -1)], -1)).squeeze(-1) ** 2


def f(net, v, msg, external):
    a = net.embedding.a.expand(len(v), -1, -1)
    return net.lin_phi.mlp(torch.cat([v.unsqueeze(-1), a, msg.unsqueeze(-1), external.unsqueeze(-1)], -1)).squeeze(-1)


def messages(net, v):
    source, target = net.edge_index
    return torch.zeros_like(v).index_add(1, target, net.W * g(net, v)[:, source])


def parameters(part, order):
    return sum(float(values.detach().abs().pow(order).sum() ** (1 / order)) for values in part.parameters())


def sign(net):
    total = 0.0
    for j in range(net.n_neurons):
        W = net.W.detach()[net.edge_index[0] == j]
        if len(W):
            total += float(torch.sigmoid(10 * W).sum() / len(W) * torch.sigmoid(-10 * W).sum() / len(W))
    return total


def linearity(net, recorded):
    residuals = []
    for place in range(net.n_neurons):
        v = recorded.mean[place] + torch.linspace(-2, 2, 20, dtype=torch.float64) * recorded.sd[place]
        states = recorded.mean.repeat(20, 1)
        states[:, place] = v
        zero = torch.zeros_like(states)
        value = f(net, states, zero, zero)[:, place].detach()
        X = torch.stack([torch.ones_like(v), v], 1)
        residuals.append(value - X @ torch.linalg.lstsq(X, value).solution)
    return float(torch.stack(residuals).square().mean())


def expected(key, net, u, recorded):
    u, x = u[:1], recorded.x
    d, zero = 0.05 * x, torch.zeros_like(u)
    norm, relu = torch.linalg.vector_norm, torch.relu
    msg = messages(net, u)
    return {
        "coeff_W_L1": lambda: net.W.abs().sum(),
        "coeff_W_L2": lambda: net.W.square().sum().sqrt(),
        "coeff_W_sign": lambda: sign(net),
        "coeff_edge_diff": lambda: norm(relu(g(net, u) - g(net, u + d))),
        "coeff_edge_norm": lambda: norm(g(net, zero + 2 * x) - 2 * x),
        "coeff_edge_zero": lambda: norm(g(net, u.clamp_max(0))),
        "coeff_edge_weight_L1": lambda: parameters(net.lin_edge, 1),
        "coeff_edge_weight_L2": lambda: parameters(net.lin_edge, 2),
        "coeff_phi_weight_L1": lambda: parameters(net.lin_phi, 1),
        "coeff_phi_weight_L2": lambda: parameters(net.lin_phi, 2),
        "coeff_phi_zero": lambda: norm(f(net, zero, zero + 1, zero + 1)),
        "coeff_update_diff": lambda: norm(
            relu(f(net, zero, g(net, u), zero + 1) - f(net, zero, g(net, u + d), zero + 1))
        ),
        "coeff_update_msg_diff": lambda: norm(relu(f(net, u, msg, zero) - f(net, u, msg + d, zero))),
        "coeff_update_msg_sign": lambda: norm(torch.tanh(f(net, zero, msg, zero) / 0.1) - torch.tanh(msg / 0.1)),
        "coeff_update_linearity": lambda: linearity(net, recorded),
        "coeff_update_centering": lambda: f(net, recorded.mean[None], zero, zero).square().mean(),
    }[key]()


@pytest.mark.parametrize("key", KINDS)
def test_a_penalty_is_its_formula_times_its_coefficient(key, case):
    net, u, recorded = case
    value = float(penalty(key, 3.0, recorded)(net, u).detach())
    assert value > 0
    assert value == pytest.approx(3 * float(expected(key, net, u, recorded)), rel=1e-6)


@pytest.mark.parametrize("key", KINDS)
def test_a_penalty_is_alive_its_gradient_reaches_the_network(key, case):
    net, u, recorded = case
    penalty(key, 1.0, recorded)(net, u).backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_penalties_add_up_and_zero_coefficients_cost_nothing(case):
    net, u, recorded = case
    alone = [float(penalty(key, 2.0, recorded)(net, u).detach()) for key in ("coeff_W_L1", "coeff_W_L2")]
    coefficients = {**dict.fromkeys(KINDS, 0.0), "coeff_W_L1": 2.0, "coeff_W_L2": 2.0}
    assert float(GraphPenalties(coefficients, recorded, TrainingProgress(0.0))(net, u)) == pytest.approx(sum(alone))


def test_annealing_is_alive_in_the_first_epoch_and_rate_zero_is_full_strength(case):
    net, u, recorded = case
    full = float(penalty("coeff_W_L1", 1.0, recorded)(net, u).detach())
    for epoch in (0, 2):
        annealed = float(penalty("coeff_W_L1", 1.0, recorded, annealing_rate=0.5, epoch=epoch)(net, u).detach())
        assert annealed == pytest.approx(full * (1 - math.exp(-0.5 * (epoch + 1))), rel=1e-5)


def test_penalties_on_the_shape_of_the_message_are_never_annealed(case):
    net, u, recorded = case
    values = [
        float(penalty("coeff_edge_norm", 1.0, recorded, annealing_rate=rate)(net, u).detach()) for rate in (0.0, 0.5)
    ]
    assert values[0] == values[1]


def test_linearity_and_centering_wait_and_then_rise(case):
    net, u, recorded = case
    values = [
        float(penalty("coeff_update_centering", 1.0, recorded, step=step, n_steps=10_000)(net, u).detach())
        for step in (2_999, 3_100, 3_200, 9_000)
    ]
    assert values[0] == 0
    assert values[1] == pytest.approx(values[2] / 2, rel=1e-6)
    assert values[2] == values[3]


def test_the_batch_size_does_not_change_a_penalty(case):
    net, u, recorded = case
    assert float(penalty("coeff_edge_diff", 1.0, recorded)(net, u).detach()) == float(
        penalty("coeff_edge_diff", 1.0, recorded)(net, u[:1])
    )


def test_every_penalty_is_a_key_of_the_training():
    assert set(KINDS) == {name for name in FlyvisTraining.__dataclass_fields__ if name.startswith("coeff_")}


def test_a_penalty_on_a_function_that_is_not_there_is_refused(case, make_graph_frames, make_graph_net):
    _, _, recorded = case
    net = make_graph_net(make_graph_frames(n_neurons=12, n_frames=50), message_form="relu")
    with pytest.raises(ValueError, match=r"message_form \(RectifiedMessage\) has no parameters"):
        penalty("coeff_edge_norm", 1.0, recorded).check(net)
    with pytest.raises(ValueError, match=r"training.coeff_phi_weight_L1 must be 0.*got 1.0"):
        penalty("coeff_phi_weight_L1", 1.0, recorded).check(net)


def test_a_negative_coefficient_and_an_unknown_one_are_errors(case):
    _, _, recorded = case
    with pytest.raises(ValueError, match=r"training.coeff_W_L1 must be at least 0, got -1.0"):
        penalty("coeff_W_L1", -1.0, recorded)
    with pytest.raises(ValueError, match=r"A regulariser must be one of coeff_W_L1,.*got training\.coeff_W_L3"):
        penalty("coeff_W_L3", 1.0, recorded)
