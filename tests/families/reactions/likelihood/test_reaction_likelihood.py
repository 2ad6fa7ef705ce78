"""The negative log likelihood is the one of PEtab's densities, and its gradient is its derivative."""

import math

import numpy as np
import pytest
from scipy import stats


@pytest.mark.parametrize("transformation", ["lin", "log", "log10"])
@pytest.mark.parametrize("distribution", ["normal", "laplace"])
def test_a_measurement_has_the_density_of_its_distribution(transformation, distribution):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.reactions.likelihood.noise import terms

    m, y, sigma = np.array([1.7, 0.4]), np.array([1.2, 0.9]), np.array([0.3, 0.8])
    scale = {"lin": lambda v: v, "log": np.log, "log10": np.log10}[transformation]
    jacobian = {"lin": 1.0, "log": 1 / m, "log10": 1 / (m * math.log(10))}[transformation]
    family = {"normal": stats.norm, "laplace": stats.laplace}[distribution]
    expected = -np.log(family.pdf(scale(m), loc=scale(y), scale=sigma) * jacobian)
    found = terms(m, y, sigma, transformation, distribution)
    assert found.value == pytest.approx(expected, rel=1e-12)
    h = 1e-6
    by_y = terms(m, y + h, sigma, transformation, distribution).value
    by_y = (by_y - terms(m, y - h, sigma, transformation, distribution).value) / (2 * h)
    by_sigma = terms(m, y, sigma + h, transformation, distribution).value
    by_sigma = (by_sigma - terms(m, y, sigma - h, transformation, distribution).value) / (2 * h)
    assert found.by_y == pytest.approx(by_y, rel=1e-6)
    assert found.by_sigma == pytest.approx(by_sigma, rel=1e-6)


@pytest.fixture
def cascade(needs_libsbml):
    from pathlib import Path

    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    path = Path(__file__).parents[4] / "examples" / "petab" / "cascade.yaml"
    return Likelihood(ProblemFiles.read(path).problem())


def gradient_by_differences(likelihood, point, h=1e-5):
    found = []
    for one in np.eye(len(point)):
        sides = [likelihood(point + sign * h * one, gradient=False).objective for sign in (1, -1)]
        found.append((sides[0] - sides[1]) / (2 * h))
    return np.array(found)


def test_the_likelihood_of_the_example_is_the_sum_over_its_measurements(cascade):
    from scipy.integrate import solve_ivp

    point = cascade.nominal()
    total = 0.0
    for one in cascade.problem.measurements:
        dose = float(cascade.problem.conditions[one.condition]["stimulus"])

        def rates(t, x, dose=dose):
            on, off = 0.5 * dose * x[0], 0.3 * x[1]
            forth, back = 0.8 * x[1] * x[2] / (0.4 + x[2]), 0.15 * x[3]
            return [off - on, on - off, back - forth, forth - back]

        x = solve_ivp(rates, (0, one.time), (1, 0, 2, 0), "LSODA", rtol=1e-9, atol=1e-11).y[:, -1]
        if one.observable == "kinase":
            density = stats.norm.pdf(np.log10(one.value), np.log10(3 * x[1]), 0.05) / (one.value * math.log(10))
        else:
            density = stats.norm.pdf(one.value, x[3], 0.04)
        total -= math.log(density)
    assert cascade(point, gradient=False).nll == pytest.approx(total, rel=1e-6)


def test_the_gradient_is_the_derivative_over_scaled_parameters(cascade):
    point = cascade.nominal() + 0.1 * np.random.default_rng(0).standard_normal(len(cascade.names))
    found = cascade(point)
    assert found.gradient == pytest.approx(gradient_by_differences(cascade, point), rel=1e-4, abs=1e-3)
    assert np.linalg.eigvalsh(found.information).min() > 0


@pytest.mark.parametrize(
    ("kind", "density"),
    [
        ("parameterScaleNormal", lambda theta: stats.norm.pdf(np.log10(theta), 0.3, 0.5)),
        ("parameterScaleLaplace", lambda theta: stats.laplace.pdf(np.log10(theta), 0.3, 0.5)),
        ("normal", lambda theta: stats.norm.pdf(theta, 0.3, 0.5)),
        ("laplace", lambda theta: stats.laplace.pdf(theta, 0.3, 0.5)),
        ("logNormal", lambda theta: stats.lognorm.pdf(theta, 0.5, scale=math.exp(0.3))),
        ("logLaplace", lambda theta: stats.laplace.pdf(math.log(theta), 0.3, 0.5) / theta),
    ],
)
def test_a_prior_has_the_density_of_its_name(kind, density):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.reactions.likelihood.priors import prior_term
    from hydra_llm.families.reactions.petab.parameters import PetabParameter

    parameter = PetabParameter("k", "log10", 1e-3, 1e3, math.nan, True, (-3, 3), (kind, 0.3, 0.5))
    found, h = prior_term(parameter, 0.2), 1e-6
    assert found.value == pytest.approx(-math.log(density(10**0.2)), rel=1e-10)
    slope = (prior_term(parameter, 0.2 + h).value - prior_term(parameter, 0.2 - h).value) / (2 * h)
    assert found.slope == pytest.approx(slope, rel=1e-5)


def decay(sbml):
    return sbml(
        {"A": (2.0, "")}, {"k": 0.7, "feed": 0.0}, {"r": ({"A": 1.0}, {}, "k * A"), "f": ({}, {"A": 1.0}, "feed")}
    )


def row(name, low=1e-3, high=1e3, **more):
    return {
        "parameterId": name,
        "parameterScale": "log10",
        "lowerBound": low,
        "upperBound": high,
        "estimate": 1,
        **more,
    }


def test_preequilibration_starts_from_rest_and_the_next_condition_sets_what_it_names(sbml, problem_of):
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    measured = {"observableId": "a", "preequilibrationConditionId": "before", "measurement": 1.0}
    files = problem_of(
        decay(sbml),
        parameters=[row("k", nominalValue=0.5)],
        observables=[{"observableId": "a", "observableFormula": "A", "noiseFormula": "0.1"}],
        measurements=[
            {**measured, "simulationConditionId": "after", "time": 2.0},
            {**measured, "simulationConditionId": "reset", "time": 2.0},
        ],
        conditions=[
            {"conditionId": "before", "feed": 3.0, "A": "NaN"},
            {"conditionId": "after", "feed": 0.0, "A": "NaN"},
            {"conditionId": "reset", "feed": 0.0, "A": 5.0},
        ],
    )
    likelihood = Likelihood(files.problem())
    point = likelihood.nominal()
    assert likelihood(point).y == pytest.approx([6.0 * math.exp(-1), 5.0 * math.exp(-1)], rel=1e-5)
    assert likelihood(point).gradient == pytest.approx(gradient_by_differences(likelihood, point, 1e-4), rel=1e-3)


def test_placeholders_are_replaced_by_numbers_and_by_parameters(sbml, problem_of):
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    formula = "observableParameter1_a * A + observableParameter2_a"
    measured = {"observableId": "a", "simulationConditionId": "c", "measurement": 1.0, "time": 0.0}
    files = problem_of(
        decay(sbml),
        parameters=[row("k", nominalValue=0.5), row("scale", nominalValue=3.0), row("sd", nominalValue=0.2)],
        observables=[{"observableId": "a", "observableFormula": formula, "noiseFormula": "noiseParameter1_a"}],
        measurements=[
            {**measured, "observableParameters": "scale;0.5", "noiseParameters": "sd"},
            {**measured, "observableParameters": "2;-1", "noiseParameters": "0.4"},
        ],
    )
    likelihood = Likelihood(files.problem())
    found = likelihood(likelihood.nominal())
    assert found.y == pytest.approx([3 * 2 + 0.5, 2 * 2 - 1])
    assert found.sigma == pytest.approx([0.2, 0.4])
    assert found.gradient == pytest.approx(
        gradient_by_differences(likelihood, likelihood.nominal()), rel=1e-5, abs=1e-5
    )


def test_a_noise_that_grows_with_the_observable_is_read(sbml, problem_of):
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    files = problem_of(
        decay(sbml),
        parameters=[row("k", nominalValue=0.5)],
        observables=[{"observableId": "a", "observableFormula": "3 * A", "noiseFormula": "0.1 + 0.2 * a"}],
        measurements=[{"observableId": "a", "simulationConditionId": "c", "measurement": 1.0, "time": 0.0}],
    )
    likelihood = Likelihood(files.problem())
    assert likelihood(likelihood.nominal()).sigma == pytest.approx([0.1 + 0.2 * 6])
