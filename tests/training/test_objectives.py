import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.systems.random_streams import stream  # noqa: E402
from hydra_llm.training.objectives import OneStep, Rollout  # noqa: E402
from hydra_llm.training.strategy import Batch, FitStep  # noqa: E402


class Known(torch.nn.Module):
    """A network that is the true system."""

    def __init__(self, field):
        super().__init__()
        self.field = field

    def forward(self, u, external):
        return self.field(u, external, torch.empty_like(u))


def loss(objective, net, frames, start):
    step = FitStep(0, 1, stream(0, "training_noise"), configured=lambda: torch.zeros(()))
    return objective.loss(net, Batch.of(frames, start, objective.horizon, 0.01), step)


def test_the_true_network_has_no_loss_in_one_step_and_in_a_rollout(make_frames):
    frames, system = make_frames(integrator="euler", substeps=1)  # the steps of a Rollout
    net, start = Known(system.field()), torch.tensor([0, 100, 700])
    assert loss(OneStep(0.0), net, frames, start) < 1e-10
    assert loss(Rollout(8, 0.0), net, frames, start) < 1e-8


def test_the_loss_is_the_norm_over_the_batch(make_net, make_frames):
    frames, _ = make_frames()
    net, start = make_net(), torch.tensor([3, 5])
    expected = torch.linalg.vector_norm(net(frames.activity[start], None) - frames.target[start])
    torch.testing.assert_close(loss(OneStep(0.0), net, frames, start), expected)


def test_a_rollout_of_one_frame_is_a_finite_difference_step(make_net, make_frames):
    frames, _ = make_frames()
    net, start = make_net(), torch.tensor([3, 5])
    slope = (frames.activity[start + 1] - frames.activity[start]) / 0.01
    expected = torch.linalg.vector_norm(net(frames.activity[start], None) - slope)
    torch.testing.assert_close(loss(Rollout(1, 0.0), net, frames, start), expected)


def test_training_noise_reaches_the_states_that_the_network_sees(make_net, make_frames):
    frames, _ = make_frames()
    net, start = make_net(), torch.tensor([3, 5])
    clean, noisy = (loss(OneStep(level), net, frames, start) for level in (0.0, 0.5))
    assert not torch.isclose(clean, noisy)


def test_a_rollout_needs_frames():
    with pytest.raises(ValueError, match="time_step must be at least 1, got 0"):
        Rollout(0, 0.0)
