"""Reaction networks obey the laws they stand for: mass, positivity, order of convergence, oscillation, relaxation."""

import itertools
import math

import pytest
import torch

from hydra_llm.families.metabolism.system import ReactionField, ReactionNetwork
from hydra_llm.families.metabolism.system.kinetics import MassAction, Saturating
from hydra_llm.systems.integrators import RK4, Euler
from hydra_llm.systems.trajectory import integrate

NO_REGULATION = {"homeostatic_lambda_per_type": [0.0, 0.0]}
THIN = {"concentration_min": 0.5, "concentration_max": 1.5}  # random reactions have orders up to six


def ring(n=3, k=0.05, rate=0.0, baseline=5.0, law=None, flux_limit_time=None):
    """The autocatalytic cycle A + B -> 2 B, B + C -> 2 C, ... as a field."""
    substrates, products = torch.zeros((n, n)), torch.zeros((n, n))
    for j in range(n):
        substrates[j, j] = substrates[(j + 1) % n, j] = 1
        products[(j + 1) % n, j] = 2
    one = torch.ones(n, dtype=torch.float64)
    return ReactionField(
        ReactionNetwork.from_sides(substrates, products),
        k * one,
        rate * one,
        baseline * one,
        law=law or MassAction(),
        input_mode="none",
        circadian_amplitude=0.0,
        flux_limit_time=flux_limit_time,
        dtype=torch.float64,
    )


def test_reactions_move_mass_and_neither_make_nor_destroy_it(make_metabolism_system, simulate_system):
    for fraction in (1.0, 0.5):
        system = make_metabolism_system(cycle_fraction=fraction, delta_t=0.02, **NO_REGULATION, **THIN)
        for arrays in simulate_system(system).values():
            mass = arrays["activity"].sum(dim=1)
            assert (arrays["activity"] > 0).all()  # no state was cut at zero
            torch.testing.assert_close(mass, mass[:1].expand_as(mass), rtol=1e-13, atol=0)
            size = arrays["drift"].abs().sum(dim=1)
            assert (arrays["drift"].sum(dim=1).abs() <= 1e-14 * size).all()


@pytest.mark.parametrize("integrator", ["euler", "rk4"])
def test_concentrations_never_turn_negative(make_metabolism_system, simulate_system, integrator):
    harsh = {"log_k_min": -0.7, "log_k_max": -0.5, "noise_model_level": 0.5, "concentration_min": 0.0}
    recorded = simulate_system(make_metabolism_system(integrator=integrator, delta_t=0.02, **harsh))
    lowest = min(arrays["activity"].min() for arrays in recorded.values())
    assert lowest == 0  # the bound was at work


@pytest.mark.parametrize(("method", "order"), [(Euler(), 1), (RK4(), 4)], ids=["euler", "rk4"])
def test_the_error_of_mass_action_falls_with_the_order_of_the_method(method, order):
    start = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)

    def end(n_steps):
        return integrate(ring(k=0.3), method, start, n_steps, 1.0 / n_steps, 1, None, None, floor=0.0)[1]

    best = end(4096) if order == 4 else integrate(ring(k=0.3), RK4(), start, 4096, 1 / 4096, 1, None, None)[1]
    errors = [(end(n) - best).norm().item() for n in (20, 40, 80)]
    slopes = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors)]
    assert slopes == pytest.approx([order, order], abs=0.2)


def test_an_autocatalytic_cycle_oscillates_and_conserves_its_product():
    """A + B -> 2 B around a ring of three is a rock-paper-scissors game: the product of concentrations is conserved."""
    start = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    activity, _ = integrate(ring(), RK4(), start, 3000, 0.05, 1, None, None, floor=0.0)
    a = activity[:, 0, 0] - activity[:, 0, 0].mean()
    assert int(((a[1:] * a[:-1]) < 0).sum()) >= 8
    late, early = activity[2000:, 0, 0], activity[:1000, 0, 0]
    assert late.max() - late.min() == pytest.approx((early.max() - early.min()).item(), rel=0.02)
    product = activity[:, 0].prod(dim=1)
    torch.testing.assert_close(product, product[:1].expand_as(product), rtol=1e-6, atol=0)


def test_without_reactions_a_metabolite_relaxes_to_its_baseline_at_the_rate_lambda():
    start = torch.tensor([[9.0, 1.0, 5.0]], dtype=torch.float64)
    activity, _ = integrate(ring(k=0.0, rate=0.5), RK4(), start, 100, 0.05, 1, None, None, floor=0.0)
    time = 0.05 * torch.arange(100, dtype=torch.float64)[:, None]
    torch.testing.assert_close(activity[:, 0], 5 + (start - 5) * torch.exp(-0.5 * time), rtol=1e-6, atol=1e-9)


def test_the_flux_limit_keeps_a_step_within_what_is_there():
    c = torch.tensor([[0.5, 200.0, 0.1]], dtype=torch.float64)
    free, limited = (ring(k=1.0, flux_limit_time=time).rates(c, None) for time in (None, 0.1))
    orders = ring().network.orders
    consumed = 0.1 * limited @ orders.T
    assert (0.1 * free @ orders.T > c).any()
    assert (consumed <= c + 1e-12).all()
    assert (limited <= free).all()
    slow = ring(k=1e-4, flux_limit_time=0.1).rates(c, None)
    torch.testing.assert_close(slow, ring(k=1e-4).rates(c, None))


def test_saturating_rates_are_half_at_the_half_saturation_and_bounded():
    law = Saturating(5.0)
    c = torch.tensor([0.0, 5.0, 1e9], dtype=torch.float64)
    torch.testing.assert_close(law.factor(c), torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64))
    rates = ring(k=0.2, law=law).rates(torch.full((1, 3), 1e9, dtype=torch.float64), None)
    assert rates.max().item() == pytest.approx(0.2, rel=1e-6)


def test_the_circadian_baseline_turns_with_its_period(make_metabolism_system, simulate_system):
    """Reactions switched off: the drift is -lambda (c - baseline (1 + A sin(2 pi frame / period)))."""
    system = make_metabolism_system(
        circadian_amplitude=0.4, circadian_period=40, log_k_min=-30, log_k_max=-30, homeostatic_lambda_per_type=[1, 1]
    )
    recorded = simulate_system(system)
    assert len(recorded) == 3
    for arrays in recorded.values():
        frame = torch.arange(len(arrays["drift"]), dtype=torch.float64)
        clock = torch.sin(2 * math.pi * frame / 40)
        torch.testing.assert_close(arrays["external"][:, 0], clock)
        baseline = system.truth()["homeostatic_baseline"] * (1 + 0.4 * clock[:, None])
        torch.testing.assert_close(arrays["drift"], baseline - arrays["activity"])
