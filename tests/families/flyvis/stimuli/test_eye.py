"""The box eye: known frames fall on the right columns."""

import numpy as np
import pytest
import torch

from hydra_llm.families.flyvis.stimuli.eye import BoxEye
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice


@pytest.mark.parametrize(("extent", "side"), [(1, 27), (2, 53), (3, 79), (4, 105), (8, 209), (15, 391)])
def test_the_least_frame_is_the_published_one(extent, side):
    assert BoxEye(HexLattice(extent), 13).least_frame == (side, side)


def test_a_single_bright_pixel_is_seen_by_the_columns_whose_box_holds_it():
    lattice = HexLattice(2)
    eye = BoxEye(lattice, 13)
    assert len(lattice.uv) == 19
    for u, v in lattice.uv:
        frame = torch.zeros(1, 101, 101)
        row, pixel = 50 + int(13 * (u + v / 2)), 50 + 13 * v
        frame[0, row, pixel] = 1
        seen = eye.render(frame)[0]
        brightest = lattice.index(np.array([u]), np.array([v]))[0]
        assert int(seen.argmax()) == brightest
        assert float(seen[brightest]) == pytest.approx(1 / 169)
        assert float(seen.sum()) * 169 <= 2.001  # boxes of neighbours overlap by half a pixel's cut at most


@pytest.mark.parametrize("pixels", [1, 4, 13])
def test_means_are_those_of_the_squares(pixels):
    eye = BoxEye(HexLattice(2), pixels)
    frames = torch.rand(3, 120, 130, generator=torch.Generator().manual_seed(0))
    seen = eye.render(frames)
    before = pixels // 2
    for column in range(19):
        row, pixel = (int(c) + side // 2 - before for c, side in zip(eye.centres[column], (120, 130), strict=True))
        square = frames[:, row : row + pixels, pixel : pixel + pixels]
        torch.testing.assert_close(seen[:, column], square.mean((1, 2)), atol=1e-6, rtol=0)


def test_vertical_bars_give_columns_of_one_v_one_luminance():
    lattice = HexLattice(2)
    frame = torch.zeros(1, 101, 101)
    for v in range(-2, 3):
        left = 50 + 13 * v - 6
        frame[0, :, left : left + 13] = 0.5 + 0.2 * v
    seen = BoxEye(lattice, 13).render(frame)[0]
    torch.testing.assert_close(seen, torch.from_numpy(0.5 + 0.2 * lattice.uv[:, 1]).float(), atol=1e-6, rtol=0)


def test_beyond_the_frame_it_is_dark_as_in_flyvis():
    seen = BoxEye(HexLattice(1), 13).render(torch.ones(1, 27, 27))[0]
    expected = torch.full((7,), 7 / 13)  # of the boxes around the border, 7 of 13 rows or pixels lie in the frame
    expected[3] = 1  # the central column
    torch.testing.assert_close(seen, expected)


def test_a_small_frame_is_enlarged():
    eye = BoxEye(HexLattice(2), 13)
    assert eye.enlarge(torch.rand(2, 20, 90)).shape == (2, 53, 53)
    assert eye.enlarge(torch.rand(2, 60, 90)).shape == (2, 60, 90)


@pytest.mark.parametrize("turns", range(6))
def test_a_turn_of_the_rendered_lattice_permutes_its_columns(turns):
    lattice = HexLattice(3)
    seen = BoxEye(lattice, 13).render(torch.rand(2, 90, 90, generator=torch.Generator().manual_seed(1)))
    permutation = lattice.symmetry(turns, 0)
    turned = seen[:, torch.from_numpy(permutation)]
    assert torch.equal(turned.sort(dim=1).values, seen.sort(dim=1).values)
    for column, (u, v) in enumerate(lattice.uv):
        for _ in range(turns):
            u, v = -v, u + v
        there = lattice.index(np.array([u]), np.array([v]))[0]
        assert torch.equal(turned[:, there], seen[:, column])
