import numpy as np
import pytest

from hydra_llm.figures.loss import loss

STEPS = np.arange(100)


def test_losses_are_thicker_than_regularisers():
    axes = loss({"train": (STEPS, np.exp(-STEPS / 9))}, {"W_L1": (STEPS, 0.1 + 0 * STEPS)}).axes[0]
    width = {line.get_label(): line.get_linewidth() for line in axes.lines}
    assert width["train"] > width["W_L1"]


def test_the_scale_is_logarithmic_and_linear_without_a_positive_value():
    assert loss({"train": (STEPS, np.exp(-STEPS / 9))}).axes[0].get_yscale() == "log"
    axes = loss({"train": (STEPS, 0.0 * STEPS)}).axes[0]
    assert axes.get_yscale() == "linear"
    assert "log" not in axes.get_ylabel()


def test_losses_that_lie_close_together_have_a_linear_axis_with_round_numbers(render):
    figure = loss({"validation": (STEPS, 0.1611 + 0.0001 * STEPS)})
    assert figure.axes[0].get_yscale() == "linear"
    assert not any("times" in word for word, _ in render(figure).words)


def test_steps_without_a_finite_loss_are_left_out():
    values = np.exp(-STEPS / 9)
    values[50:] = np.nan
    assert len(loss({"train": (STEPS, values)}).axes[0].lines[0].get_xdata()) == 50


def test_the_kept_checkpoint_is_marked(render):
    figure = loss({"validation": (STEPS, np.exp(-STEPS / 9))}, best_step=42)
    assert figure.axes[0].lines[-1].get_xdata()[0] == 42
    assert "kept checkpoint" in render(figure)


def test_a_history_that_is_empty_or_uneven_is_refused():
    with pytest.raises(ValueError, match=r"The history of losses must have at least.*got none"):
        loss({})
    with pytest.raises(
        ValueError, match="The history of train must have one value per step, got 100 steps and 3 values"
    ):
        loss({"train": (STEPS, [1, 2, 3])})
