"""What a round leaves for the next one."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.round_state import RoundState  # noqa: E402


def taken(squared_error):
    state = RoundState()
    state.take(torch.ones(3), squared_error)
    return state


def test_before_any_round_and_under_noise_the_map_takes_few_steps():
    assert RoundState().finer == taken(0.8).finer == 1


def test_errors_too_small_for_noise_make_the_steps_of_the_map_finer():
    assert taken(0.01).finer > 1


def test_messages_are_doubted_less_the_smaller_the_errors_are():
    assert RoundState().doubt == taken(2.0).doubt == 1e-4
    assert taken(1e-4).doubt == pytest.approx(1e-6)


def test_a_state_that_was_stored_is_the_same_state():
    restored, before = RoundState(), taken(0.04)
    before.unexplained = 0.7
    restored.load_state_dict(before.state_dict())
    assert torch.equal(restored.gain, before.gain)
    assert restored.error == before.error == 0.2
    assert restored.unexplained == 0.7
