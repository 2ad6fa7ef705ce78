import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.nn.spline import SplineBasis, roughness  # noqa: E402

STATES = torch.linspace(-5, 5, 300, dtype=torch.float64)


def test_a_basis_holds_polynomials_of_its_degree_exactly():
    basis = SplineBasis.over(STATES, 12, 3)
    c = basis.coefficients(lambda u: u**3 - u)
    torch.testing.assert_close(basis(STATES) @ c, STATES**3 - STATES, rtol=1e-9, atol=1e-9)


def test_knots_that_follow_the_bends_halve_the_error_of_a_steep_curve():
    even = SplineBasis.over(STATES, 24, 3)

    def steep(u):
        return np.tanh(8 * u)

    first = even.coefficients(steep)
    bent = SplineBasis.over(STATES, 24, 3, even.bends(first))
    x = STATES.numpy()
    errors = [np.abs(basis.curve(basis.coefficients(steep), x) - steep(x)).max() for basis in (even, bent)]
    assert errors[1] < 0.5 * errors[0]


def test_a_curve_goes_on_straight_beyond_its_range():
    basis = SplineBasis.over(STATES, 20, 5)
    outside = np.array([-9.0, 7.0])
    np.testing.assert_allclose(
        basis.curve(basis.coefficients(lambda u: 2 - 3 * u), outside), 2 - 3 * outside, rtol=1e-6
    )
    np.testing.assert_allclose(basis.curve(basis.coefficients(lambda u: np.tanh(u)), outside), [-1, 1], atol=0.02)


def test_a_parabola_has_no_roughness():
    k = torch.arange(10, dtype=torch.float64)
    assert float(k**2 @ roughness(10) @ k**2) == pytest.approx(0, abs=1e-8)
    assert float(k**3 @ roughness(10) @ k**3) == pytest.approx(7 * 36)


def test_too_few_splines_are_refused():
    with pytest.raises(ValueError, match="at least 7 coefficients, got 6"):
        SplineBasis.over(STATES, 6, 5)


def test_knots_do_not_follow_bends_where_no_states_are():
    even = SplineBasis.over(STATES, 40, 3)
    wild = even.coefficients(lambda u: np.tanh(u) + np.where(u < -4, 30 * (u + 4) ** 2, 0))
    states = torch.cat([STATES[:1], STATES[STATES.abs() < 2], STATES[-1:]])
    x = np.linspace(-5, 5, 400)
    by_bends, by_states = (density(x) for density in (even.bends(wild), even.bends(wild, states)))
    assert by_bends[x < -3.5].mean() > by_bends[np.abs(x) < 1].mean()
    assert by_states[x < -3.5].mean() < 0.5 * by_states[np.abs(x) < 1].mean()
