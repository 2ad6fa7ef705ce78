"""Standard errors of rates, offsets and weights, and of the parameters of the law that follow from them."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.counterparts import edge_kinds  # noqa: E402
from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, Group, by_in_degree  # noqa: E402
from hydra_llm.families.flyvis.fitting.parameter_spread import ParameterSpread  # noqa: E402
from hydra_llm.families.flyvis.fitting.pooled import Pools, covariances, pooled  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import NormalEquations  # noqa: E402

N_TYPES, N_FRAMES = 4, 400


def drawn(eye, spread, seed):
    """Regressions of neurons that differ by `spread` within a type, under noise; their pools and true unknowns."""
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    kinds = edge_kinds(eye.edge_index, eye.types, eye.column)
    source, target = eye.edge_index
    rate = 20 + 2 * rand(N_TYPES)[eye.types] + 2 * spread * rand(eye.n)
    offset = 5 * rand(N_TYPES)[eye.types] + 5 * spread * rand(eye.n)
    beta = 5 * (rand(int(kinds.max()) + 1)[kinds] + spread * rand(len(kinds)))
    message, own = rand(N_FRAMES, eye.n), rand(N_FRAMES, eye.n)
    slope = rate * own + offset + 20 * rand(N_FRAMES, eye.n)
    slope.index_add_(1, target, beta * message[:, source])
    groups = by_in_degree(eye.edge_index, eye.n)
    normal = NormalEquations.of(groups, message, own, slope)
    return normal, Pools.of(eye.types, kinds, target), {"rate": rate, "offset": offset, "beta": beta}


def z_squares(normal, found, truth, covariance):
    """Squared errors of all unknowns over their variances."""
    parts = []
    for group, C in zip(normal.groups, covariance, strict=True):
        error = torch.cat(
            [
                (found.rate - truth["rate"])[group.targets, None],
                (found.offset - truth["offset"])[group.targets, None],
                (found.beta - truth["beta"])[group.edges],
            ],
            dim=1,
        )
        parts.append((error.square() / C.diagonal(dim1=1, dim2=2)).ravel())
    return torch.cat(parts)


@pytest.mark.parametrize(
    ("ridge", "spread", "least", "most"),
    [
        ("evidence", 0.1, 0.85, 0.93),
        ("evidence", 1.0, 0.85, 0.93),
        ("pooled", 0.0, 0.85, 0.97),
        ("pooled", 0.1, 0.80, 0.93),  # what neurons differ by within a type counts as known, and four types tell little
        ("pooled", 1.0, 0.85, 0.93),
    ],
)
def test_about_nine_of_ten_intervals_of_90_per_cent_hold_the_truth(eye, ridge, spread, least, most):
    found_z = []
    for seed in range(6):
        normal, pools, truth = drawn(eye, spread, seed)
        alone, ratios = normal.evidence(10, 1e-9)
        if ridge == "evidence":
            found, covariance = alone, normal.covariances(ratios)
        else:
            found, widths = pooled(normal, pools, alone)
            held = torch.zeros(eye.n, dtype=torch.bool) if found.held is None else found.held
            covariance = covariances(normal, pools, alone, widths, held)
        found_z.append(z_squares(normal, found, truth, covariance))
    z = torch.cat(found_z)
    assert least < float((z < 1.645**2).double().mean()) < most


def test_what_counterparts_share_is_known_better_than_what_single_neurons_tell(eye):
    normal, pools, _ = drawn(eye, 0.1, 0)
    alone, ratios = normal.evidence(10, 1e-9)
    _, widths = pooled(normal, pools, alone)
    together = covariances(normal, pools, alone, widths, torch.zeros(eye.n, dtype=torch.bool))
    for one, other in zip(together, normal.covariances(ratios), strict=True):
        one, other = (C.diagonal(dim1=1, dim2=2)[:, :N_OWN] for C in (one, other))
        assert (one < other).all()


def test_errors_of_the_law_are_those_of_its_gradients():
    """Against the derivatives of W, tau and V by the unknowns that autograd gives."""
    generator = torch.Generator().manual_seed(2)
    root = torch.randn((N_OWN + 2, N_OWN + 2), generator=generator, dtype=torch.float64)
    C = 0.01 * root @ root.T
    x = torch.tensor([20.0, 3.0, 5.0, -2.0], dtype=torch.float64)  # rate, offset, two weights
    scale, constant = torch.tensor([1.0, 0.9, 1.2]), torch.tensor([0.0, 0.3, -0.1])
    group = Group(torch.tensor([0]), torch.tensor([[0, 1]]), torch.tensor([[1, 2]]))

    def law(x):
        W = scale[1:].double() * x[2:] / x[0]
        V = (x[1] + (x[2:] * constant[1:].double()).sum()) / x[0]
        return torch.cat([W, (1 / x[0])[None], V[None]])

    by = torch.autograd.functional.jacobian(law, x)
    expected = (by @ C @ by.T).diagonal().sqrt()
    W, tau, V = law(x)[:2], law(x)[2:3], law(x)[3:]
    several = [torch.cat([part, torch.zeros(2, dtype=torch.float64)]) for part in (tau, V)]
    found = ParameterSpread([group], [C[None]]).errors(W, *several, scale, constant)
    torch.testing.assert_close(torch.cat([found.W, found.tau[:1], found.v_rest[:1]]), expected)
    assert torch.isnan(found.tau[1:]).all(), "neurons without a regression have no error"


def test_edges_that_a_fit_put_behind_the_known_ones_have_no_row():
    C = torch.eye(N_OWN + 2, dtype=torch.float64)[None]
    group = Group(torch.tensor([0]), torch.tensor([[0, 1]]), torch.tensor([[0, 0]]))
    one = torch.ones(1, dtype=torch.float64)
    found = ParameterSpread([group], [C]).errors(one, one, one, one, 0 * one)
    assert found.W.shape == (1,)
