import pytest
import torch

from hydra_llm.estimation.differences import CENTRAL, Difference, best_order
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.schema.target import ORDERS


@pytest.mark.parametrize("order", ORDERS)
def test_halving_the_step_divides_the_error_by_two_to_the_order(order):
    def error(n):
        t = torch.arange(n + 1, dtype=torch.float64) / n
        frames = Difference(order).frames(Recorded(torch.sin(9 * t)[:, None], t[:, None], 1 / n))
        return (frames.target - 9 * torch.cos(9 * frames.external)).abs().max()

    power = {"forward": 1, "central": 2, "fourth": 4, "sixth": 6, "eighth": 8}[order]
    assert error(50) / error(100) == pytest.approx(2**power, rel=0.1)


@pytest.mark.parametrize("order", ORDERS)
def test_no_difference_reaches_across_a_jump(order):
    ramp = torch.cat([torch.arange(12.0), 100 - torch.arange(10.0)])[:, None].double()
    recorded = Recorded(ramp, torch.arange(22.0)[:, None].double(), 0.5, torch.tensor([0, 12]))
    frames = Difference(order).frames(recorded)
    rising = frames.activity[:, 0] < 50
    assert torch.allclose(frames.target[rising], torch.tensor(2.0).double())
    assert torch.allclose(frames.target[~rising], torch.tensor(-2.0).double())
    assert frames.sequence_start.tolist() == [0, int(rising.sum())]
    assert torch.equal(ramp[frames.external[:, 0].long()], frames.activity)


def test_a_recording_that_is_too_short_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="difference_order=eighth needs 9 frames without a jump"):
        Difference("eighth").frames(Recorded(torch.zeros(8, 1), None, 0.1))


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="difference_order must be one of forward, central"):
        Difference("backward")


def test_smooth_recordings_get_the_highest_order_and_noisy_ones_the_error_that_noise_leaves(record):
    order, error = best_order(record(300))
    assert order == "eighth"
    assert error < 1e-5
    _, error = best_order(record(300, measurement=0.05))
    assert error > 0.05


def test_coarsely_rounded_recordings_get_a_lower_order(record):
    smooth = record(300, delta_t=0.01)
    rounded = Recorded((smooth.activity * 1e4).round() / 1e4, None, smooth.delta_t)
    orders = tuple(CENTRAL)
    assert orders.index(best_order(rounded)[0]) < orders.index(best_order(smooth)[0])
