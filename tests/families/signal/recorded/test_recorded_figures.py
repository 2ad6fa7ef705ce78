"""The figure of weights with their intervals, whatever the recording determines."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.recorded.figures import weights_with_errors

N = 5


def drawn(determined: bool, true: np.ndarray | None, factor: float = 1.0):
    own = ~np.eye(N, dtype=bool)
    W = np.random.default_rng(0).standard_normal((N, N)) * own
    found = Weights(W, 0.1 * np.ones((N, N)), own & determined, 40)
    recovered = SimpleNamespace(W=W, synapses=own, true=true, factor=factor)
    figure = weights_with_errors(recovered, found, "mV")
    labels = [axes.get_ylabel() for axes in figure.axes]
    lines = figure.axes[1].get_lines()
    plt.close(figure)
    return figure, labels, lines


@pytest.mark.parametrize("true", [None, np.zeros((N, N))])
def test_a_recording_that_determines_no_weight_still_has_its_figure(true):
    figure, _, lines = drawn(False, true)
    assert "No weight is determined" in figure.axes[1].get_title(loc="left")
    assert not lines


def test_weights_have_the_unit_of_the_states_per_time():
    _, labels, _ = drawn(True, None)
    assert labels.count("weight (mV / time)") == 2  # of the right panel, and of the colours


def test_learned_weights_stand_over_true_ones_on_their_scale():
    W = np.random.default_rng(0).standard_normal((N, N)) * ~np.eye(N, dtype=bool)
    _, labels, lines = drawn(True, 3 * W, factor=3.0)
    x, y = lines[1].get_data()
    np.testing.assert_allclose(x, y)
    assert "learned weight, one scale fitted" in labels
