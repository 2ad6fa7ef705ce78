"""Closed forms against the long way round."""

import numpy as np
import pytest
import torch

from hydra_llm.identifiability.least_squares import (
    Solver,
    best_ridge,
    factorise,
    identifiable_without_own_source,
    own_source_direction,
    spread_without_own_source,
    without_own_source,
)

EPS = 2.2e-16


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)


def constrained(solver):
    """Weights with a zero diagonal, and their spread."""
    weights, inverse, projector = solver.least_squares()
    direction = own_source_direction(inverse, projector)
    return without_own_source(weights, direction), spread_without_own_source(inverse, direction)


def deficient(draw, n_rows=200, n=8, rank=5):
    """Features of which only `rank` directions vary, and source 0 takes part in none of the null directions."""
    features = draw(n_rows, n)
    features[:, rank:] = features[:, 1:rank] @ draw(rank - 1, n - rank)
    return features


def test_blocks_of_any_size_give_the_solution_of_the_whole(draw):
    features, targets = draw(300, 6), draw(300, 4)
    whole = torch.linalg.lstsq(features, targets).solution
    for size in (7, 100, 300):
        blocks = zip(features.split(size), targets.split(size), strict=True)
        torch.testing.assert_close(Solver(factorise(blocks), EPS).least_squares()[0], whole)


def test_residual_variance_is_that_of_the_noise(draw):
    features, noise = draw(20_000, 5), 0.3 * draw(20_000, 3)
    solver = Solver(factorise([(features, features @ draw(5, 3) + noise)]), EPS)
    assert solver.variance(solver.least_squares()[0]).sqrt().tolist() == pytest.approx([0.3] * 3, rel=0.02)


def test_the_zero_diagonal_in_closed_form_is_the_fit_without_that_column(draw):
    features, targets = draw(300, 7), draw(300, 7)
    solver = Solver(factorise([(features, targets)]), EPS)
    weights = constrained(solver)[0]
    for i in range(7):
        others = [j for j in range(7) if j != i]
        expected = torch.linalg.lstsq(features[:, others], targets[:, i : i + 1]).solution[:, 0]
        torch.testing.assert_close(weights[others, i], expected)
        assert abs(weights[i, i]) < 1e-12


def test_the_zero_diagonal_in_closed_form_is_minimal_also_with_a_null_space(draw):
    features, targets = deficient(draw), draw(200, 8)
    weights = constrained(Solver(factorise([(features, targets)]), EPS))[0]
    for i in range(8):
        others = [j for j in range(8) if j != i]
        minimum_norm = torch.linalg.pinv(features[:, others], rcond=1e-10) @ targets[:, i]
        torch.testing.assert_close(weights[others, i], minimum_norm, atol=1e-6, rtol=1e-6)


def test_identifiable_weights_are_those_that_no_null_vector_moves(draw):
    solver = Solver(factorise([(deficient(draw), draw(200, 8))]), EPS)
    found, null_dimensions = identifiable_without_own_source(solver.null_projector)
    assert solver.rank == 5
    null = torch.linalg.svd(solver.factor.R).Vh[5:]  # [3, source]
    for i in range(8):
        admissible = (
            null.T
            @ torch.linalg.svd(null[:, i : i + 1].T, full_matrices=True).Vh[1 if null[:, i].norm() > 1e-6 else 0 :].T
        )
        assert int(null_dimensions[i]) == admissible.shape[1]
        assert found[:, i].tolist() == (admissible.norm(dim=1) < 1e-6).tolist()
    assert found[0].all()
    assert not found.all()


def test_standard_errors_are_the_spread_over_repetitions(draw):
    features, truth = draw(100, 4), draw(4, 4).fill_diagonal_(0)
    estimates = []
    for _ in range(2000):
        solver = Solver(factorise([(features, features @ truth + draw(100, 4))]), EPS)
        weights, spread = constrained(solver)
        estimates.append(weights)
    measured, expected = torch.stack(estimates).std(0), spread.sqrt()
    off_diagonal = ~torch.eye(4, dtype=torch.bool)
    np.testing.assert_allclose(measured[off_diagonal], expected[off_diagonal], rtol=0.1)


def test_ridge_is_strong_for_noise_and_weak_without_it(draw):
    features, validation, truth = draw(12, 10), draw(500, 10), draw(10, 10)
    strengths = []
    for level in (0, 20):
        solver = Solver(factorise([(features, features @ truth + level * draw(12, 10))]), EPS)
        strengths.append(best_ridge(solver, factorise([(validation, validation @ truth)]), constrain=False)[1])
    assert strengths[0] < 1e-6 < 1e-3 < strengths[1]


def test_fewer_rows_than_unknowns_leave_the_rest_undetermined(draw):
    solver = Solver(factorise([(draw(3, 8), draw(3, 2))]), EPS)
    assert solver.rank == 3
    assert solver.null_projector.trace() == pytest.approx(5)


def test_no_row_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        factorise([])
