from dataclasses import fields

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.config import SignalTraining  # noqa: E402
from hydra_llm.families.signal.fitting.regularisers import regularisers  # noqa: E402

COEFFICIENTS = sorted(f.name for f in fields(SignalTraining) if f.name.startswith("coeff_"))

U = torch.randn(4, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_every_coefficient_reaches_a_gradient_and_scales_it(name, make_net):
    gradients = []
    for coeff in (1.0, 3.0):
        net = make_net()
        (term,) = regularisers(SignalTraining(**{name: coeff}), u_max=5.0)
        if name == "coeff_edge_diff":  # a falling message, or there is nothing to punish
            with torch.no_grad():
                slope = (net.message(U + 1) - net.message(U)).mean()
                net.lin_edge.net[-1].weight *= -torch.sign(slope)
        term(net, U).backward()
        parts = [p.grad.reshape(-1) for p in net.parameters() if p.grad is not None]
        gradients.append(torch.cat(parts))
    assert gradients[0].abs().sum() > 0
    torch.testing.assert_close(gradients[1], 3 * gradients[0])


def test_l1_is_the_sum_of_the_off_diagonal_weights(make_net):
    net = make_net()
    (term,) = regularisers(SignalTraining(coeff_W_L1=2.0), u_max=1.0)
    off = net.W.detach().clone().fill_diagonal_(0)
    torch.testing.assert_close(term(net, U).detach(), 2 * off.abs().sum())


def test_the_sign_penalty_vanishes_for_columns_of_one_sign_and_not_for_mixed_ones(make_net):
    net = make_net(n_neurons=4)
    (term,) = regularisers(SignalTraining(coeff_W_sign=1.0), u_max=1.0)
    with torch.no_grad():
        net.off_diagonal.fill_(1)
        net.W.copy_(torch.tensor([5.0, -5.0, 5.0, -5.0]).expand(4, 4))
    assert term(net, U[:, :4]) < 1e-6
    with torch.no_grad():
        net.W[0, 0] = -5
    assert term(net, U[:, :4]) > 0.5


def test_zero_coefficients_cost_nothing_and_negative_ones_are_refused():
    assert len(COEFFICIENTS) == 8
    assert regularisers(SignalTraining(), u_max=1.0) == ()
    with pytest.raises(ValueError, match=r"training.coeff_W_L1 must be at least 0, got -1.0"):
        regularisers(SignalTraining(coeff_W_L1=-1.0), u_max=1.0)
