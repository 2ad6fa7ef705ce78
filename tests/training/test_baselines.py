"""The plain predictions that a fit has to beat leave what they should leave."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.training.baselines import baseline_losses  # noqa: E402

ALL = ("constant", "persistence", "linear")


def recorded(n_units, n_frames=600, inputs=0):
    """(training, validation): du/dt = 3 + u A^T + input B^T with a share of sin(u), which no line explains."""
    draw = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(shape, generator=draw, dtype=torch.float64)

    A, B = -torch.eye(n_units) + random(n_units, n_units) / n_units**0.5, random(n_units, inputs)

    def frames():
        low = random(n_frames, 20) @ random(20, n_units) if n_units > 300 else random(n_frames, n_units)
        u, held = low + 0.5 * random(n_frames, n_units), random(n_frames, inputs) if inputs else None
        target = 3 + u @ A.T + (0 if held is None else held @ B.T)
        return Frames(u, target, held)

    state = draw.get_state()
    first = frames()
    if n_units > 300:  # the same subspace, other frames
        draw.set_state(state)
        return first, first
    return first, frames()


def test_a_linear_law_is_explained_by_the_linear_baseline_alone():
    losses = baseline_losses(*recorded(10, inputs=3), ALL)
    assert losses["linear"] < 1e-9
    assert losses["constant"] == pytest.approx(1, abs=0.02)
    assert losses["persistence"] > 1.5  # du/dt is 3 in the mean


def test_of_many_units_components_and_the_own_state_are_used():
    train, validation = recorded(320, n_frames=700)
    own = Frames(train.activity, -2 * train.activity, None)
    assert baseline_losses(own, Frames(validation.activity, -2 * validation.activity, None), ["linear"])[
        "linear"
    ] == pytest.approx(0, abs=1e-3)


def test_noise_without_a_law_is_explained_by_nothing():
    noise = torch.randn(2, 400, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float32)
    other = torch.randn(2, 400, 30, generator=torch.Generator().manual_seed(2), dtype=torch.float32)
    losses = baseline_losses(Frames(noise[0], noise[1], None), Frames(other[0], other[1], None), ALL)
    assert all(0.97 < loss < 1.03 for loss in losses.values())


def test_an_unknown_baseline_is_a_sentence():
    with pytest.raises(ValueError, match="must_beat must be one of constant, persistence, linear, got 'oracle'"):
        baseline_losses(*recorded(5), ["oracle"])
