"""Sensitivities are derivatives of trajectories: through laws, starts, breakpoints and steady states."""

import numpy as np
import pytest


@pytest.fixture
def system_of(sbml):
    """system_of(laws, free, more keywords of sbml) -> OpenSystem."""
    from hydra_llm.families.reactions.dynamics.system import OpenSystem
    from hydra_llm.families.reactions.sbml.document import network_of

    def make(reactions, free, species=None, **more):
        text = sbml(species or {"A": (1.0, ""), "B": (0.2, "")}, {"k": 0.7, "n": 1.5, "end": 2.0}, reactions, **more)
        return OpenSystem(network_of(text, "small.xml"), free)

    return make


def run_at(system, k, times, *, gradient=False):
    from hydra_llm.families.reactions.dynamics.integrator import Tolerances
    from hydra_llm.families.reactions.dynamics.trajectory import first_state, run

    direction = np.eye(len(k)) if gradient else None
    return run(system, k, direction, first_state(system, k, direction), np.array(times), Tolerances(1e-10, 1e-12))


def differences(system, k, times, step=1e-5):
    """d(states)/dk [time, constant, state] by central differences."""
    found = []
    for place in range(len(k)):
        sides = [run_at(system, k + sign * step * np.eye(len(k))[place], times).x for sign in (1, -1)]
        found.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(found, axis=1)


def test_a_trajectory_is_the_exact_solution(system_of):
    system = system_of({"r": ({"A": 1.0}, {"B": 1.0}, "k * A")}, ("k",))
    times = np.array([0.0, 0.5, 3.0])
    path = run_at(system, np.array([0.7]), times, gradient=True)
    assert path.x[:, 0] == pytest.approx(np.exp(-0.7 * times), rel=1e-8)
    assert path.s[:, 0, 0] == pytest.approx(-times * np.exp(-0.7 * times), rel=1e-7, abs=1e-12)
    assert path.x.sum(axis=1) == pytest.approx(np.full(3, 1.2), rel=1e-10)


def test_sensitivities_of_a_saturating_law_are_differences(system_of):
    laws = {"r": ({"A": 2.0}, {"B": 1.0}, "k * A^n / (0.3 + A^n)"), "back": ({"B": 1.0}, {"A": 1.0}, "0.1 * B * A")}
    system, k = system_of(laws, ("k", "n", "A")), np.array([0.7, 1.5, 1.3])
    times = [0.5, 2.0, 9.0]
    assert run_at(system, k, times, gradient=True).s == pytest.approx(differences(system, k, times), rel=1e-5, abs=1e-7)


def test_sensitivities_jump_where_a_parameter_moves_a_breakpoint(system_of):
    law = {"r": ({"A": 1.0}, {"B": 1.0}, "piecewise(k, time < end, 0.05) * A")}
    system, k, times = system_of(law, ("k", "end")), np.array([0.7, 2.0]), [1.0, 3.0, 6.0]
    path = run_at(system, k, times, gradient=True)
    assert path.x[1, 0] == pytest.approx(np.exp(-0.7 * 2 - 0.05), rel=1e-8)
    assert path.s == pytest.approx(differences(system, k, times), rel=1e-5, abs=1e-7)
    assert abs(path.s[1, 1, 0]) > 0.1


def test_sensitivities_do_not_depend_on_the_groups_they_are_integrated_in(system_of, monkeypatch):
    from hydra_llm.families.reactions.dynamics import integrator

    laws = {"r": ({"A": 1.0}, {"B": 1.0}, "k * A^n + end * B")}
    system, k = system_of(laws, ("k", "n", "end", "A", "B")), np.array([0.7, 1.5, 0.1, 1.0, 0.2])
    together = run_at(system, k, [1.0, 4.0], gradient=True).s
    monkeypatch.setattr(integrator, "LARGEST", 4)
    assert run_at(system, k, [1.0, 4.0], gradient=True).s == pytest.approx(together, rel=1e-6, abs=1e-9)


def test_a_steady_state_and_its_sensitivities_are_those_of_the_balance(system_of):
    laws = {"in": ({}, {"A": 1.0}, "k"), "out": ({"A": 1.0}, {}, "n * A")}
    system, k = system_of(laws, ("k", "n"), species={"A": (0.0, "")}), np.array([0.6, 1.5])
    path = run_at(system, k, [1.0, np.inf], gradient=True)
    assert path.x[-1, 0] == pytest.approx(0.4, rel=1e-6)
    assert path.s[-1, :, 0] == pytest.approx([1 / 1.5, -0.6 / 1.5**2], rel=1e-5)


def test_a_system_that_never_rests_has_no_steady_state(system_of):
    from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed

    system = system_of({"in": ({}, {"A": 1.0}, "k")}, ("k",), species={"A": (0.0, "")})
    with pytest.raises(IntegrationFailed, match="come to rest"):
        run_at(system, np.array([1.0]), [np.inf])


def test_a_state_that_runs_away_is_a_failure_and_no_number(system_of):
    from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed

    system = system_of({"grow": ({}, {"A": 1.0}, "k * A^2")}, ("k",))
    assert run_at(system, np.array([0.7]), [1.0]).x[0, 0] == pytest.approx(1 / (1 - 0.7), rel=1e-7)
    with pytest.raises(IntegrationFailed):
        run_at(system, np.array([0.7]), [2.0])


def test_a_power_of_nothing_is_nothing_and_has_a_finite_slope(system_of):
    system = system_of({"r": ({"A": 1.0}, {"B": 1.0}, "k * A^n")}, ("k", "n"), species={"A": (0.0, ""), "B": (0.0, "")})
    path = run_at(system, np.array([0.7, 1.5]), [1.0], gradient=True)
    assert not path.x.any()
    assert not path.s.any()
