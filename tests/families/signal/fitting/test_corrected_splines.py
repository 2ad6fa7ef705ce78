"""Functions and weights of a noisy recording, found again with the noise taken out."""

import numpy as np
import pytest
import torch
from test_noisy_equations import DELTA_T, recorded_network

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.signal.fitting.corrected_splines import CorrectedSplines, Smoothness, descend_corrected
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection
from hydra_llm.families.signal.fitting.noisy_equations import NoisyEquations, Window
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.spline import SplineBasis

N = 10


def _problem(seed, n_splines=14, **keys):
    W, recorded = recorded_network(seed, measurement=0.1, process=0.1, **keys)
    levels = torch.full((N,), float((0.1 * recorded.activity.std()) ** 2), dtype=torch.float64)
    basis = SplineBasis.over(recorded.activity, n_splines, 3)
    return W, basis, CorrectedSplines.of(basis, NoisyEquations(recorded, levels, Window.of(recorded)))


def test_the_gradient_is_that_of_what_is_unexplained():
    _, basis, problem = _problem(0, n_frames=1500)
    c, smooth = basis.coefficients(np.arctan), Smoothness(0.0, 0.0)
    c = problem.at(c, c, smooth).c
    point = problem.at(-basis.coefficients(lambda u: u), c, smooth)
    _, gradient = problem.normal_equations(point)
    k = problem.k
    for place in (4, 7, k + 6):
        moved, step = torch.zeros(2 * k, dtype=torch.float64), 1e-4
        moved[place] = step
        # dividing the message by its size changes nothing: W takes it up
        up, down = (problem.at(point.a + s * moved[:k], point.c + s * moved[k:], smooth).unexplained for s in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx(-2 * float(gradient[place]), rel=0.02, abs=1e-4)


def test_a_message_that_smoothing_has_flattened_becomes_steep_again():
    W, basis, problem = _problem(1, n_splines=20)
    flat = basis.coefficients(lambda u: np.tanh(u / 2.5))
    found = descend_corrected(problem, -basis.coefficients(lambda u: u), flat)
    u = np.linspace(-4, 4, 81)
    curve = basis.curve(found.c, u)
    assert abs(np.corrcoef(curve, np.tanh(u))[0, 1]) > 0.998
    assert np.corrcoef(basis.curve(flat, u), np.tanh(u))[0, 1] < 0.985
    off = ~np.eye(N, dtype=bool)
    assert abs(np.corrcoef(found.W.numpy()[off], W[off])[0, 1]) > 0.9


@pytest.mark.parametrize(
    ("measurement", "method", "mode", "wanted"),
    [
        (0.1, Smoothed(), "none", True),
        (0.1, Smoothed(), "multiplicative", False),
        (0.1, None, "none", False),
        (0.0, Smoothed(), "none", False),
    ],
)
def test_noise_is_taken_out_where_there_is_noise_and_the_recording_was_smoothed(measurement, method, mode, wanted):
    _, recorded = recorded_network(2, n_frames=1000, process=0.0, measurement=measurement)
    found = NoiseCorrection.wanted(method, recorded, mode)
    assert (found is not None) == wanted


def test_a_network_that_the_noise_leaves_undetermined_stays_as_it_was(caplog):
    _, recorded = recorded_network(3, n_frames=300, process=0.0, measurement=0.5)
    net = SignalGNN(
        n_neurons=N,
        hidden_dim=8,
        n_layers=2,
        activation="tanh",
        embedding_dim=0,
        embedding_scale=0.1,
        W_init_scale=1.0,
        input_mode="none",
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
        activity=recorded.activity,
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    correction = NoiseCorrection.wanted(Smoothed(), recorded, "none")
    assert correction is not None
    correction.apply(net, Smoothed().frames(recorded), None)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert "the fit to the smoothed recording stays" in caplog.text


def test_a_recording_of_short_stretches_is_left_as_it_is():
    _, recorded = recorded_network(2, n_frames=400, measurement=0.1)
    cut = Recorded(recorded.activity, None, DELTA_T, torch.arange(0, 400, 8))
    assert NoiseCorrection.wanted(Smoothed(), cut, "none") is None


def test_the_sentence_names_the_frames_of_an_equation():
    recorded = Recorded(torch.zeros(100, 2), None, DELTA_T)
    correction = NoiseCorrection(NoisyEquations(recorded, torch.zeros(2), Window(8, 2)))
    assert "over 21 frames" in correction.sentence()
    assert "over 21 frames" in correction.sentence(0.9)


def test_the_sentence_says_where_the_noise_could_not_be_taken_out():
    recorded = Recorded(torch.zeros(100, 2), None, DELTA_T)
    said = NoiseCorrection(NoisyEquations(recorded, torch.zeros(2), Window(8, 2))).sentence(0.25)
    assert "determines 25% of the weights" in said
    assert "found again" not in said
