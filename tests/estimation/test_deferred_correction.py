import pytest
import torch

from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.flow import Flow, advance


def test_refinements_remove_the_error_of_a_long_step(record, recover, true_A):
    recorded = record(300, delta_t=0.2)
    assert (recover(Difference("forward"), recorded) - true_A).abs().max() > 0.2
    assert (recover(Flow(), recorded, 30) - true_A).abs().max() < 1e-4


def test_an_input_that_jumps_at_every_frame_does_no_harm(record, recover, true_A):
    recorded = record(300, delta_t=0.2, driven=True)
    assert (recover(Flow(), recorded, 30) - true_A).abs().max() < 1e-4


def test_process_noise_leaves_variance_but_no_bias(record, recover, true_A):
    found = torch.stack(
        [recover(Flow(), record(1500, delta_t=0.2, process=0.2, seed=seed)) - true_A for seed in range(8)]
    )
    assert (found.mean(dim=0).abs() < 3 * found.std(dim=0) / 8**0.5).all()
    assert found.std() < 0.1


def test_what_is_left_is_the_error_of_predicting_the_next_frame(record, rotor):
    recorded = record(50, delta_t=0.2, process=0.1)
    frames = Flow().refine(recorded, rotor)
    left = rotor(frames.activity, None) - frames.target
    predicted = advance(rotor, recorded.activity[:-1], None, 0.2, 16)
    assert torch.allclose(left, (predicted - recorded.activity[1:]) / 0.2, atol=1e-4)


def test_a_law_that_runs_away_leaves_targets_that_are_numbers(record):
    frames = Flow().refine(record(50, delta_t=0.2), lambda u, external: 1e6 * u**3)
    assert frames.target.isfinite().all()


@pytest.mark.parametrize("substeps", [1, 4])
def test_the_flow_has_the_error_of_a_fourth_order_method(rotor, true_A, substeps):
    u = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    exact = u @ torch.linalg.matrix_exp(0.4 * true_A).T
    error = (advance(rotor, u, None, 0.4, substeps) - exact).abs().max()
    assert error < 0.01 / substeps**4
