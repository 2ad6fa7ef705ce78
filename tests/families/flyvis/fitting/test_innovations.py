"""Gains of the filter, from what successive prediction errors have in common."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.innovations import ErrorMoments, better_gain  # noqa: E402

N, FRAMES, DT = 300, 4000, 0.02


def errors(correlation):
    """Moments of prediction errors with this correlation [neuron] between successive ones, as a sample shows it."""
    sampled = correlation + torch.randn(N, generator=torch.Generator().manual_seed(1)) / FRAMES**0.5
    return ErrorMoments(sampled * FRAMES, torch.tensor(FRAMES), torch.full((N,), float(FRAMES)), torch.tensor(FRAMES))


@pytest.fixture
def law():
    return SimpleNamespace(rate=torch.linspace(10, 60, N)[:, None])


def test_where_neurons_together_show_no_measurement_noise_no_gain_is_below_one(law):
    """One by one, half of the gains would be a few per cent below 1, and none above it."""
    gain = better_gain(law, errors(torch.zeros(N)), torch.ones(N), DT)
    assert gain.eq(1).all()


def test_under_measurement_noise_gains_are_those_that_errors_show(law):
    memory = torch.exp(-law.rate[:, 0] * DT).clamp_min(0.2)
    wanted = torch.linspace(0.6, 0.9, N)
    gain = better_gain(law, errors((wanted - 1) * memory), torch.ones(N), DT)
    assert float((gain - wanted).abs().median()) < 0.05
    assert gain.max() <= 1


def test_gains_that_are_too_small_are_raised(law):
    gain = better_gain(law, errors(torch.full((N,), 0.1)), torch.full((N,), 0.3), DT)
    assert 0.4 < float(gain.mean()) < 0.9
