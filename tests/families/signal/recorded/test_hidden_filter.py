"""Held-out frames of a session are predicted from earlier ones alone, hidden units followed by the law."""

import numpy as np
import pytest

from hidden_network import N, hidden_network

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths  # noqa: E402
from hydra_llm.families.signal.fitting.sessions import SessionStretch  # noqa: E402
from hydra_llm.families.signal.fitting.spline_law import SplineLaw  # noqa: E402
from hydra_llm.families.signal.recorded.hidden_filter import one_ahead  # noqa: E402

VISIBLE = torch.arange(N) >= 2


@pytest.fixture(scope="module")
def followed():
    return hidden_network(500, 0.02, 0.02, seed=3, first=2.0)


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
