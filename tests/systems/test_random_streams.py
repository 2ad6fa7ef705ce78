"""Random streams: reproducible, and never shared between purposes."""

import itertools

import pytest
import torch

from hydra_llm.systems.base import SPLITS
from hydra_llm.systems.random_streams import PURPOSES, stream, stream_seed

NAMES = [*PURPOSES, *(f"{p}/{s}" for p, s in itertools.product(PURPOSES, SPLITS))]


def test_equal_seed_and_name_reproduce_the_draws():
    draws = [torch.randn(100, generator=stream(3, "connectivity")) for _ in range(2)]
    assert torch.equal(*draws)


def test_no_two_names_share_a_stream_for_any_of_a_thousand_seeds():
    for seed in range(1000):
        assert len({stream_seed(seed, name) for name in NAMES}) == len(NAMES)


def test_draws_of_different_names_are_uncorrelated():
    draws = torch.stack([torch.randn(4000, generator=stream(0, name)) for name in NAMES])
    correlation = torch.corrcoef(draws) - torch.eye(len(NAMES))
    assert correlation.abs().max() < 0.1  # six standard errors


def test_model_initialisation_does_not_repeat_the_true_connectivity_for_an_equal_seed():
    truth = torch.randn((50, 50), generator=stream(42, "connectivity"))
    start = torch.randn((50, 50), generator=stream(42, "model_init"))
    assert torch.corrcoef(torch.stack([truth.ravel(), start.ravel()]))[0, 1].abs() < 0.1


def test_an_unknown_purpose_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"The name of a random stream must begin.*got 'wieghts/train'"):
        stream(0, "wieghts/train")


@pytest.mark.parametrize("seed", [1.5, "1", True, None])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(TypeError, match="whole number"):
        stream(seed, "types")


def test_drawing_one_stream_leaves_torch_global_generator_alone():
    state = torch.get_rng_state()
    torch.randn(10, generator=stream(0, "types"))
    assert torch.equal(torch.get_rng_state(), state)
