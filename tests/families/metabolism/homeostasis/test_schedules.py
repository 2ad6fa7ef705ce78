"""Schedules of phase 2: rollout lengths, learning rates, amplification."""

import pytest
import torch

from hydra_llm.families.metabolism.homeostasis.amplification import Amplification, Gain
from hydra_llm.families.metabolism.homeostasis.lr_schedules import Constant, CosineRestarts, Kick, Ramp
from hydra_llm.families.metabolism.homeostasis.rollout_schedules import Fixed, LongToShort, MultiScale

GENERATOR = torch.Generator().manual_seed(0)


def lengths(schedule, n=40):
    return [schedule.at(k / n, GENERATOR) for k in range(n)]


def test_a_curriculum_is_full_length_first_and_half_of_it_after():
    assert lengths(LongToShort(32, (1.0, 0.5))) == [(32,)] * 20 + [(16,)] * 20


def test_a_curriculum_never_vanishes():
    assert lengths(LongToShort(1, (1.0, 0.1)))[-1] == (1,)


@pytest.mark.parametrize("shares", [(), (0.5, 1.0), (2.0,), (1.0, 0.0)])
def test_a_curriculum_from_short_to_long_is_refused(shares):
    with pytest.raises(ValueError, match=r"curriculum\.shares"):
        LongToShort(32, shares)


def test_multi_scale_draws_every_length_up_to_the_slots_own():
    drawn = {length for batch in lengths(MultiScale((4, 16, 32, 64), 2, Fixed(32)), 200) for length in batch}
    assert drawn == {4, 16, 32}
    assert all(len(batch) == 2 for batch in lengths(MultiScale((4, 16), 2, Fixed(32))))


def test_multi_scale_follows_a_curriculum_downwards():
    schedule = MultiScale((4, 16, 32), 1, LongToShort(32, (1.0, 0.5)))
    assert max(batch[0] for batch in lengths(schedule, 200)[100:]) == 16


def test_multi_scale_below_its_shortest_choice_is_the_slots_own_length():
    assert set(lengths(MultiScale((16, 32), 1, Fixed(4)))) == {(4,)}


# ---- learning rates ----


def factors(schedule, n=1000):
    return [schedule.factor(k, n) for k in range(n)]


def test_a_kick_falls_from_a_tenth_to_a_thousandth_within_the_first_tenth():
    rate = [0.01 * factor for factor in factors(Kick(start=10, end=0.1, share=0.1))]
    assert rate[0] == pytest.approx(0.1)
    assert rate[100] == pytest.approx(0.001)
    assert rate[-1] == pytest.approx(0.001)
    assert rate == sorted(rate, reverse=True)


def test_cosine_annealing_restarts_at_the_full_rate():
    found = factors(CosineRestarts(cycles=4, floor=0.01))
    assert [k for k, value in enumerate(found) if value == 1] == [0, 250, 500, 750]
    assert min(found) == pytest.approx(0.01, abs=1e-3)


def test_a_ramp_rises_for_its_steps_and_falls_to_the_floor():
    found = factors(Ramp(steps=500, floor=0.1), 2000)
    assert found[0] == pytest.approx(1 / 500)
    assert found[:501] == sorted(found[:501])
    assert found[500] == 1
    assert found[500:] == sorted(found[500:], reverse=True)
    assert found[-1] == pytest.approx(0.1, abs=1e-2)


def test_a_ramp_longer_than_the_training_still_reaches_the_full_rate():
    assert max(factors(Ramp(steps=500, floor=0.1), 20)) == 1


def test_without_a_schedule_rates_stay():
    assert set(factors(Constant())) == {1.0}


# ---- amplification ----


def test_amplification_falls_from_its_start_to_one():
    schedule = Amplification(start=50, until=0.8)
    found = [schedule.factor(k / 100) for k in range(100)]
    assert found[0] == 50
    assert found == sorted(found, reverse=True)
    assert found[80:] == [1.0] * 20


@pytest.mark.parametrize("wrong", [{"start": 0.5, "until": 1.0}, {"start": 10, "until": 0.0}])
def test_an_amplification_that_weakens_is_refused(wrong):
    with pytest.raises(ValueError, match="amplification"):
        Amplification(**wrong)


def test_a_change_of_the_factor_leaves_the_learned_response_as_it_is(net, world):
    torch.nn.init.normal_(net.node_func.net[-1].weight, generator=torch.Generator().manual_seed(0))
    c = world.frames.activity[:5]
    before = net.node(c, None).detach()
    with Gain(net) as gain:
        for factor in (50.0, 20.0, 3.0):
            gain.set(factor)
            assert torch.allclose(factor * net.node(c, None), before, rtol=1e-12)
    assert torch.allclose(net.node(c, None), before, rtol=1e-12)


def test_an_amplification_is_divided_out_even_when_training_fails(net, world):
    torch.nn.init.normal_(net.node_func.net[-1].weight, generator=torch.Generator().manual_seed(0))
    c = world.frames.activity[:5]
    before = net.node(c, None).detach()
    gain = Gain(net)
    gain.set(50.0)
    gain.__exit__(RuntimeError, RuntimeError(), None)
    assert torch.allclose(net.node(c, None), before, rtol=1e-12)
