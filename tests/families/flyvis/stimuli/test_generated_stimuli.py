"""Computed stimuli: within bounds, moving as they say, the same whatever the frame rate."""

import numpy as np
import pytest
import torch

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.build import PATTERNS
from hydra_llm.families.flyvis.stimuli.generated import equal_lengths
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice
from hydra_llm.families.flyvis.stimuli.moving_patterns import MovingPatterns
from hydra_llm.families.flyvis.stimuli.noise import Flicker
from hydra_llm.families.flyvis.stimuli.texture import draw_texture, sample_texture
from hydra_llm.systems.random_streams import stream


@pytest.mark.parametrize("kind", PATTERNS)
def test_luminance_lies_between_dark_and_bright_and_moves(kind, make_stimulus, lattice):
    stimulus = make_stimulus(kind, duration=2.0)
    for number in range(4):
        seen = stimulus.luminance("train", number, 100)
        assert seen.shape == (100, lattice.n_columns)
        assert seen.dtype == torch.float32
        assert float(seen.min()) >= 0
        assert float(seen.max()) <= 1
        assert float(seen.std(0).mean()) > 0.01
        assert 0.2 < float(seen.mean()) < 0.8


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_sequence_is_named_by_seed_split_and_number(kind, make_stimulus):
    shown = make_stimulus(kind).luminance("train", 0, 40)
    assert torch.equal(shown, make_stimulus(kind).luminance("train", 0, 40))
    for other in (
        make_stimulus(kind).luminance("train", 1, 40),
        make_stimulus(kind).luminance("test", 0, 40),
        make_stimulus(kind, seed=1).luminance("train", 0, 40),
    ):
        assert not torch.equal(shown, other)


def test_lengths_are_equal_to_a_frame_and_sum_up():
    for n_frames in (2, 7, 100, 8001):
        lengths = equal_lengths(n_frames, 0.4, 0.02)
        assert sum(lengths) == n_frames
        assert max(lengths) - min(lengths) <= 1
    assert len(equal_lengths(8000, 4.0, 0.02)) == 40
    with pytest.raises(StimulusError, match="sequence_duration"):
        equal_lengths(100, 0.01, 0.02)


def test_a_texture_falls_as_one_over_frequency():
    power = torch.zeros(256, 256, dtype=torch.float64)
    for seed in range(8):
        texture = draw_texture(stream(seed, "external_input"), 0.5)
        power += torch.fft.fft2(texture - texture.mean()).abs() ** 2
    along = power[0, 1:17].log()  # up to a quarter of a cycle per column, where the aperture hardly matters
    slope = np.polyfit(np.log(np.arange(1, 17)), along.numpy(), 1)[0]
    assert slope == pytest.approx(-2, abs=0.4)
    assert float(texture.mean()) == pytest.approx(0.5, abs=0.1)


def test_a_texture_is_periodic_and_sampled_between_its_points():
    texture = draw_texture(stream(0, "external_input"), 0.9)
    x, y = torch.tensor([0.0, 64.0, 0.125]), torch.tensor([1.0, 65.0, 1.0])
    seen = sample_texture(texture, x, y)
    assert float(seen[0]) == float(seen[1]) == float(texture[4, 0])
    assert float(seen[2]) == pytest.approx(float(texture[4, :2].mean()))


def test_a_grating_moves_at_its_frequency():
    pattern = MovingPatterns(presentation=4.0, temporal_frequency=(2.0, 2.0), contrast=(1.0, 1.0))
    for seed in range(20):
        seen = pattern.draw(HexLattice(2), 400, 0.01, stream(seed, "external_input"))
        spectrum = torch.fft.rfft(seen[:, 9] - seen[:, 9].mean()).abs()
        if float(seen[-50:].std(0).max()) > 0.05:  # a grating, still moving at the end
            assert int(spectrum.argmax()) == 8  # 2 Hz over 4 s
            return
    raise AssertionError("no grating in twenty draws")


def test_an_edge_crosses_the_eye_once():
    pattern = MovingPatterns(presentation=4.0, edge_speed=(10.0, 10.0), contrast=(1.0, 1.0))
    for seed in range(20):
        seen = pattern.draw(HexLattice(2), 400, 0.01, stream(seed, "external_input"))
        if float(seen[-50:].std(0).max()) < 1e-9:  # an edge that has passed
            assert set(seen[0].round(decimals=6).unique().tolist()) <= {0.0, 0.5, 1.0} or float(seen[0].std()) < 0.5
            steps = seen[1:] - seen[:-1]
            assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
            assert torch.allclose((seen[-1] - seen[0]).abs().max(), torch.tensor(1.0, dtype=torch.float64))
            return
    raise AssertionError("no edge in twenty draws")


def test_flicker_is_held_whatever_the_frame_rate(lattice):
    fine = Flicker(hold=0.04).draw(lattice, 400, 0.01, stream(0, "external_input"))
    coarse = Flicker(hold=0.04).draw(lattice, 200, 0.02, stream(0, "external_input"))
    assert torch.equal(fine[::2], coarse)
    assert torch.equal(fine[0], fine[3])
    assert not torch.equal(fine[3], fine[4])


@pytest.mark.parametrize("kind", ["scenes"])
def test_speed_does_not_depend_on_the_frame_rate(kind, make_stimulus):
    """Twice the frame rate, half the change per frame: of the mean square, a half to a quarter, never the whole."""
    change = {}
    for delta_t in (0.01, 0.02):
        stimulus = make_stimulus(kind, delta_t=delta_t, duration=4.0)
        shown = [stimulus.luminance("train", k, round(4.0 / delta_t)) for k in range(6)]
        change[delta_t] = float(torch.stack([(s[1:] - s[:-1]).square().mean() for s in shown]).mean())
    assert 0.15 < change[0.01] / change[0.02] < 0.6
