"""Integrators: the order of their error, on equations with a known solution."""

import itertools
import math

import pytest
import torch

from hydra_llm.systems.integrators import RK4, Euler, integrator
from hydra_llm.systems.trajectory import integrate


def oscillator(u, external, out):
    """du/dt = -0.2 u + rotation of u: a damped oscillation."""
    out[:, 0] = -0.2 * u[:, 0] - 3 * u[:, 1]
    out[:, 1] = -0.2 * u[:, 1] + 3 * u[:, 0]
    return out


def error_at_time_one(method, n_steps, substeps=1):
    u = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    _, end = integrate(oscillator, method, u, n_steps, 1 / n_steps, substeps, None, None)
    exact = math.exp(-0.2) * torch.tensor([[math.cos(3), math.sin(3)]], dtype=torch.float64)
    return (end - exact).norm().item()


@pytest.mark.parametrize(("method", "order"), [(Euler(), 1), (RK4(), 4)], ids=["euler", "rk4"])
def test_error_falls_with_the_order_of_the_method(method, order):
    errors = [error_at_time_one(method, n) for n in (50, 100, 200)]
    slopes = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors)]
    assert slopes == pytest.approx([order, order], abs=0.15)


@pytest.mark.parametrize("method", [Euler(), RK4()], ids=["euler", "rk4"])
def test_substeps_reach_the_state_of_as_many_shorter_frames(method):
    assert error_at_time_one(method, 20, substeps=5) == pytest.approx(error_at_time_one(method, 100), rel=1e-9)


def test_input_is_held_over_a_recording_step():
    def driven(u, external, out):
        return out.copy_(external)

    external = torch.tensor([1.0, 10.0, 100.0])[:, None, None]
    activity, end = integrate(driven, Euler(), torch.zeros((1, 1)), 3, 1.0, 4, external, None)
    assert [*activity.ravel().tolist(), end.item()] == [0, 1, 11, 111]


def test_an_unknown_integrator_lists_those_that_exist():
    with pytest.raises(ValueError, match="integrator must be one of euler, rk4, got 'leapfrog'"):
        integrator("leapfrog")
