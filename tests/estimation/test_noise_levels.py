import pytest
import torch

from hydra_llm.estimation.noise import noise_levels
from hydra_llm.estimation.recorded import Recorded


@pytest.mark.parametrize(("measurement", "process"), [(0.1, 0.0), (0.0, 0.1), (0.1, 0.05)])
def test_both_kinds_of_noise_are_told_apart(record, measurement, process):
    levels = noise_levels(record(20000, measurement=measurement, process=process))
    assert levels.is_noise
    assert levels.measurement.mean() == pytest.approx(measurement**2, abs=1e-3)
    assert levels.process.mean() == pytest.approx(process**2, abs=1e-3)


def test_a_smooth_recording_is_not_noise_and_its_bounds_vanish(record):
    levels = noise_levels(record(500))
    assert not levels.is_noise
    assert max(levels.shares()) < 1e-6


def test_shares_of_what_is_all_noise_are_parts_of_a_whole():
    """White noise alone, in few frames: the estimates come to more than the change by chance, or because it turns."""
    random = torch.Generator().manual_seed(0)
    for seed in range(8):
        white = torch.randn(60, 3, generator=random.manual_seed(seed), dtype=torch.float64)
        for recorded in (white, white[1:] - 0.9 * white[:-1]):
            measurement, process = noise_levels(Recorded(recorded, None, 0.1)).shares()
            assert min(measurement, process) >= 0.0
            assert measurement + process <= 1.0 + 1e-12


def test_rounding_is_not_noise(record):
    smooth = record(500, delta_t=0.02)
    assert not noise_levels(Recorded(smooth.activity.float(), None, smooth.delta_t)).is_noise


def test_jumps_between_sequences_are_not_noise(record):
    assert not noise_levels(record(2000, sequence=50)).is_noise


def test_stretches_that_are_too_short_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="stretches of more than 8 frames"):
        noise_levels(Recorded(torch.zeros(8, 1), None, 0.1))
