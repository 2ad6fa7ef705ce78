import pytest
import torch

from hydra_llm.estimation.flow import Flow
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.weak import Weak, bump


def test_the_bump_sums_to_one_and_its_slope_is_that_of_a_line():
    psi, slope = bump(6, 0.1)
    time = 0.1 * torch.arange(-6, 7, dtype=torch.float64)
    assert psi.sum() == pytest.approx(1)
    assert (-slope * time).sum() == pytest.approx(1, rel=1e-3)  # -<psi', t> = <psi, 1>
    assert psi[0] == psi[-1] == slope[0] == slope[-1] == 0


def test_the_quadrature_is_exact_enough_without_noise(record, recover, true_A):
    assert (recover(Weak(half_width=8), record(400), 30) - true_A).abs().max() < 1e-3


def test_measurement_noise_does_much_less_harm_than_to_differences(record, recover, true_A):
    noisy = record(2000, measurement=0.05)
    weak, differences = (recover(method, noisy) - true_A for method in (Weak(), Flow()))
    assert weak.abs().max() < 0.2 * differences.abs().max()


def test_a_recording_shorter_than_a_test_function_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="test functions of 41 frames"):
        Weak(half_width=20).frames(Recorded(torch.zeros(30, 1).double(), None, 0.1))
