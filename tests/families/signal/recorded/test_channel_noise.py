import pytest
import torch

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise


def white(n_frames: int) -> Recorded:
    random = torch.Generator().manual_seed(0)
    return Recorded(torch.randn(n_frames, 3, generator=random, dtype=torch.float64), None, 0.1)


@pytest.mark.parametrize("unit", ["a.u.", "mV"])
def test_the_sentence_ends_once_whatever_the_unit(unit):
    sentence = ChannelNoise.of(white(200)).sentence(unit)
    assert sentence.endswith(f" {unit.rstrip('.')}.")
    assert ".." not in sentence


def test_no_more_than_the_whole_of_a_change_is_noise():
    """The estimates of both kinds come to more, by chance, in 60 frames of noise alone."""
    noise = ChannelNoise.of(white(60))
    assert "100% of the change from frame to frame" in noise.sentence("mV")
    assert noise.scores["measurement_noise_share"] <= 1.0
