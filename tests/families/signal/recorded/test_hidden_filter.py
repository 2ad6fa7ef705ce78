"""Held-out frames of a session are predicted from earlier ones alone, hidden units followed by the law."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths  # noqa: E402
from hydra_llm.families.signal.fitting.sessions import SessionStretch  # noqa: E402
from hydra_llm.families.signal.fitting.spline_law import Curve, SplineLaw  # noqa: E402
from hydra_llm.families.signal.recorded.hidden_filter import one_ahead  # noqa: E402

N, FRAMES, DT, NOISE = 8, 500, 0.02, 0.02
VISIBLE = torch.arange(N) >= 2


@pytest.fixture(scope="module")
def followed():
    generator = torch.Generator().manual_seed(3)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    W = 5 * normal(N, N) / N**0.5
    W.fill_diagonal_(0)
    u = torch.empty(FRAMES, N, dtype=torch.float64)
    u[0] = 2 * normal(N)
    for k in range(FRAMES - 1):
        u[k + 1] = u[k] + DT * (-u[k] + W @ torch.tanh(u[k])) + NOISE * normal(N)
    law = SplineLaw(W, Curve.of(torch.tanh, u), Curve.of(torch.neg, u))
    return HiddenPaths(law, torch.full((N,), (NOISE / DT) ** 2).double(), u.mean(0), u.var(0), DT), u


def _missed(ahead):
    return float(np.square(ahead.following - ahead.expected)[50:].mean())


def test_following_hidden_units_predicts_nearly_as_well_as_knowing_them(followed):
    paths, u = followed
    known = _missed(one_ahead(paths, SessionStretch(0, u, torch.ones(N, dtype=torch.bool))))
    own = _missed(one_ahead(paths, SessionStretch(0, u * VISIBLE, VISIBLE)))
    silent = HiddenPaths(SplineLaw(paths.law.W * VISIBLE, paths.law.message, paths.law.update), *vars_of(paths))
    without = _missed(one_ahead(silent, SessionStretch(0, u * VISIBLE, VISIBLE)))
    assert own < 1.5 * known
    assert own < 0.7 * without


def vars_of(paths):
    return paths.noise, paths.mean, paths.variance, paths.delta_t


def test_nothing_that_comes_later_is_looked_at(followed):
    paths, u = followed
    changed = u.clone()
    changed[300:] += 1.0
    before, after = (one_ahead(paths, SessionStretch(0, states * VISIBLE, VISIBLE)) for states in (u, changed))
    np.testing.assert_array_equal(before.expected[:300], after.expected[:300])
    assert not np.array_equal(before.expected[300:], after.expected[300:])
