"""Process noise: the scaling law of its variance."""

import pytest
import torch

from hydra_llm.systems.integrators import Euler
from hydra_llm.systems.noise import NormalFrames, ProcessNoise
from hydra_llm.systems.trajectory import integrate


def variance_at_time_one(noise, n_frames, substeps, n_walkers=20_000):
    """Variance of a free random walk, du/dt = 0, after one unit of time."""
    delta_t = 1 / n_frames
    shape = (n_frames, noise.draws_per_frame(substeps), 1, n_walkers)
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    drawn *= noise.standard_deviation(delta_t, substeps)
    rest = lambda u, external, out: out.zero_()  # noqa: E731
    _, end = integrate(rest, Euler(), torch.zeros((1, n_walkers)), n_frames, delta_t, substeps, None, drawn)
    return end.var().item()


@pytest.mark.parametrize(("n_frames", "substeps"), [(10, 1), (40, 1), (10, 4)])
def test_sqrt_dt_noise_has_the_same_variance_at_any_step(n_frames, substeps):
    assert variance_at_time_one(ProcessNoise(0.5, "sqrt_dt"), n_frames, substeps) == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize(("n_frames", "substeps"), [(10, 1), (40, 1), (10, 4)])
def test_per_step_noise_grows_with_the_number_of_frames_and_ignores_substeps(n_frames, substeps):
    variance = variance_at_time_one(ProcessNoise(0.5, "per_step"), n_frames, substeps)
    assert variance == pytest.approx(0.25 * n_frames, rel=0.05)


def test_no_noise_draws_nothing():
    assert ProcessNoise(0, "sqrt_dt").draws_per_frame(5) == 0


@pytest.mark.parametrize(("level", "scaling"), [(-0.1, "per_step"), (float("nan"), "per_step"), (0.1, "sqrt")])
def test_bad_noise_is_refused(level, scaling):
    with pytest.raises(ValueError, match=r"noise_model_level|noise_scaling"):
        ProcessNoise(level, scaling)


@pytest.mark.parametrize("sizes", [(7, 600, 393), (1000,), (256, 256, 488), (0, 1, 999)])
def test_the_size_of_a_request_does_not_change_the_noise(sizes):
    whole = NormalFrames(torch.Generator().manual_seed(0), (3,)).take(1000)
    frames = NormalFrames(torch.Generator().manual_seed(0), (3,))
    assert torch.equal(torch.cat([frames.take(size) for size in sizes]), whole)
