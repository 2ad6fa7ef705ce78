"""Starts find the minimum, profiles its intervals; both against what is known exactly."""

import math
from pathlib import Path

import numpy as np
import pytest

CASCADE = Path(__file__).parents[4] / "examples" / "petab" / "cascade.yaml"


@pytest.fixture
def needs_fides(needs_libsbml):
    pytest.importorskip("fides", reason="fides is not installed: pip install 'hydra-llm[sbml]'")


@pytest.fixture
def constant_of(sbml, problem_of):
    """constant_of(values, sd, upper) -> Likelihood of one constant `a` with normal measurements; its interval is exact.

    Beside it a parameter that nothing depends on.
    """
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    def make(values, sd="0.5", upper=100.0, extra=()):
        def row(name, high, scale="lin"):
            bounds = {"lowerBound": -high if scale == "lin" else 1e-3, "upperBound": high}
            return {"parameterId": name, "parameterScale": scale, **bounds, "estimate": 1}

        files = problem_of(
            sbml({"A": (1.0, "")}, {"k": 0.1}, {"r": ({"A": 1.0}, {}, "k * A")}),
            parameters=[row("a", upper), row("nothing", 1.0), *(row(name, 10.0, "log10") for name in extra)],
            observables=[{"observableId": "o", "observableFormula": "a + 0 * nothing", "noiseFormula": sd}],
            measurements=[
                {"observableId": "o", "simulationConditionId": "c", "measurement": value, "time": 1.0}
                for value in values
            ],
        )
        return Likelihood(files.problem())

    return make


def limits():
    from hydra_llm.families.reactions.fitting.optimum import DescentLimits

    return DescentLimits(100)


VALUES = [3.1, 2.7, 3.4, 2.9, 3.3]


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(needs_fides, constant_of):
    from hydra_llm.families.reactions.fitting.optimum import minimise
    from hydra_llm.families.reactions.fitting.profiles import profiles

    likelihood = constant_of(VALUES)
    best = minimise(likelihood, np.array([20.0, 0.3]), limits())
    assert best.point[0] == pytest.approx(np.mean(VALUES), abs=1e-4)
    found = profiles(likelihood, best, limits()).profiles
    half = 1.959964 * 0.5 / math.sqrt(len(VALUES))
    assert (found[0].low, found[0].high) == pytest.approx((np.mean(VALUES) - half, np.mean(VALUES) + half), abs=2e-3)
    assert found[0].is_determined
    assert (found[1].low, found[1].high, found[1].is_complete) == (None, None, True)


def test_an_interval_is_open_where_the_bound_comes_first(needs_fides, constant_of):
    from hydra_llm.families.reactions.fitting.optimum import minimise
    from hydra_llm.families.reactions.fitting.profiles import profiles

    likelihood = constant_of(VALUES, upper=3.2)
    best = minimise(likelihood, np.array([0.0, 0.3]), limits())
    found = profiles(likelihood, best, limits()).profiles[0]
    assert found.low is not None
    assert found.high is None
    assert found.is_complete


def test_an_estimated_noise_is_the_root_mean_square_residual(needs_fides, constant_of):
    from hydra_llm.families.reactions.fitting.optimum import minimise

    likelihood = constant_of(VALUES, sd="sd", extra=("sd",))
    best = minimise(likelihood, np.array([0.0, 0.3, 0.9]), limits())
    assert 10 ** best.point[2] == pytest.approx(np.std(VALUES), rel=1e-3)


def test_starts_find_the_parameters_of_the_example_and_say_how_many_did(needs_fides):
    from hydra_llm.families.reactions.fitting.starts import multi_start
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood, starts_of
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    problem = ProblemFiles.read(CASCADE).without_nominal_values().problem()
    likelihood = Likelihood(problem)
    found = multi_start(likelihood, starts_of(problem), 3, 0, limits())
    true = {"k_act": 0.5, "k_deact": 0.3, "k_cat": 0.8, "K_m": 0.4, "k_phos": 0.15, "scale_Kp": 3.0}
    estimated = dict(zip(likelihood.names, likelihood.theta(found.best.point), strict=True))
    assert found.n_at_best >= 2
    assert found.best.nll < -86.4
    assert all(estimated[name] == pytest.approx(value, rel=0.25) for name, value in true.items())


def test_finished_starts_are_not_repeated_and_more_may_be_added(needs_fides, constant_of, tmp_path):
    from hydra_llm.families.reactions.fitting.starts import DONE, multi_start
    from hydra_llm.families.reactions.likelihood.likelihood import starts_of

    likelihood = constant_of(VALUES)
    ranges = starts_of(likelihood.problem)
    first = multi_start(likelihood, ranges, 2, 0, limits(), tmp_path)
    with (tmp_path / DONE).open("a") as file:
        file.write('{"of": ')  # a process that was killed while it wrote
    before = likelihood.n_evaluations
    again = multi_start(likelihood, ranges, 2, 0, limits(), tmp_path)
    assert likelihood.n_evaluations == before
    assert [one.objective for one in again.optima] == [one.objective for one in first.optima]
    more = multi_start(likelihood, ranges, 4, 0, limits())
    assert [one.objective for one in more.optima[:2]] == [one.objective for one in first.optima]
    other = multi_start(likelihood, ranges, 2, 1, limits(), tmp_path)
    assert likelihood.n_evaluations > before
    assert len(other.optima) == 2


def test_a_model_that_can_never_be_integrated_is_a_failed_fit_with_a_sentence(needs_fides, constant_of, monkeypatch):
    from hydra_llm.families.errors import FitFailed
    from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
    from hydra_llm.families.reactions.fitting.starts import multi_start
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood, starts_of

    def fails(self, point, *, gradient=True):
        raise IntegrationFailed

    likelihood = constant_of(VALUES)
    monkeypatch.setattr(Likelihood, "__call__", fails)
    with pytest.raises(FitFailed, match="could be integrated at none of 100 points for each of 2 starts"):
        multi_start(likelihood, starts_of(likelihood.problem), 2, 0, limits())


def test_a_point_that_cannot_be_integrated_does_not_count_as_converged(needs_fides, constant_of, monkeypatch):
    from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
    from hydra_llm.families.reactions.fitting.optimum import minimise
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    whole = Likelihood.__call__

    def fails_below(self, point, *, gradient=True):
        if point[0] < 5:
            raise IntegrationFailed
        return whole(self, point, gradient=gradient)

    likelihood = constant_of(VALUES)
    monkeypatch.setattr(Likelihood, "__call__", fails_below)
    best = minimise(likelihood, np.array([20.0, 0.3]), limits())
    assert 5 <= best.point[0] < 5.5
