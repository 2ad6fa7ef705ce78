"""Whatever the gauge of a network, the parameters of its law come out the same."""

import numpy as np
import pytest

from hydra_llm.families.flyvis.evaluation.relaxation_gauge import (
    Linearised,
    MessageGauge,
    message_gauge,
    to_physical_parameters,
)


@pytest.fixture
def law():
    rng = np.random.default_rng(0)
    edge_index = np.stack([rng.integers(0, 20, 80), rng.integers(0, 20, 80)])
    return edge_index, rng.normal(0, 0.3, 80), rng.uniform(0.02, 0.3, 20), rng.normal(0.5, 0.1, 20)


def relu_grid(low=-1.0):
    return np.maximum(np.linspace(low, 2, 50)[:, None] * np.ones(20), 0)


def test_every_gauge_is_undone(law):
    """g = c relu + d, f(v, m) = (-v + s (m - sum_j w_ij d_j) + V) / tau with W = s w c."""
    edge_index, W, tau, v_rest = law
    rng = np.random.default_rng(1)
    c, d, s = rng.uniform(0.5, 3, 20), rng.normal(0, 0.4, 20), rng.uniform(0.5, 2, 20)
    source, target = edge_index
    w = W / c[source] / s[target]
    constant = np.bincount(target, w * d[source], minlength=20)
    linearised = Linearised(rate=1 / tau, message_gain=s / tau, intercept=(v_rest - s * constant) / tau)
    gauge = message_gauge(c * relu_grid() + d, relu_grid())
    found = to_physical_parameters(w, edge_index, linearised, gauge)
    assert np.allclose(found.W, W)
    assert np.allclose(found.tau, tau)
    assert np.allclose(found.v_rest, v_rest)
    assert found.found.all()


def test_a_source_that_is_always_above_zero_is_read_along_its_line():
    """Its message at 0 was never recorded; the line through the recorded range says what it would be."""
    true = relu_grid(low=0.5)
    gauge = message_gauge(2 * true - 0.3, true)
    assert np.allclose(gauge.scale, 2)
    assert np.allclose(gauge.offset, -0.3)


def test_a_silent_source_takes_the_median_scale_and_keeps_its_constant():
    true = relu_grid()
    learned = 2 * true + 0.1
    true[:, 3], learned[:, 3] = 0, 0.7
    gauge = message_gauge(learned, true)
    assert gauge.scale[3] == pytest.approx(2)
    assert gauge.offset[3] == pytest.approx(0.7)
    assert not gauge.told[3]


def test_the_scale_of_a_source_that_hardly_rises_above_zero_is_not_a_quotient_of_rounding():
    true = relu_grid()
    learned = 2 * true
    true[:, 3], learned[:, 3] = 1e-4 * true[:, 3], np.linspace(0, 1, len(true))
    assert message_gauge(learned, true).scale[3] == pytest.approx(2)


def test_a_neuron_without_a_time_constant_counts_with_the_median(law):
    edge_index, W, tau, v_rest = law
    rate = 1 / tau
    rate[4] = -2.0
    linearised, gauge = (
        Linearised(rate, rate, v_rest * rate),
        MessageGauge(np.ones(20), np.zeros(20), np.ones(20, bool)),
    )
    found = to_physical_parameters(W, edge_index, linearised, gauge)
    assert not found.found[4]
    assert found.tau[4] == pytest.approx(1 / np.median(np.delete(rate, 4)))
    assert np.isfinite(found.W).all()
