"""Ranks and radii."""

import numpy as np
import pytest

from hydra_llm.metrics.spectrum import activity_rank, spectral_metrics

RNG = np.random.default_rng(0)


def test_rank_counts_the_components_that_carry_the_variance():
    activity = RNG.normal(size=(5000, 3)) @ np.diag([10.0, 5.0, 1.0]) @ np.linalg.qr(RNG.normal(size=(8, 3)))[0].T + 100
    assert activity_rank(activity) == {"activity_rank_90": 2, "activity_rank_99": 2}
    assert activity_rank(activity, (0.5, 0.999)) == {"activity_rank_50": 1, "activity_rank_99.9": 3}


def test_white_activity_needs_nearly_every_component():
    ranks = activity_rank(RNG.normal(size=(20_000, 50)).astype(np.float32))
    assert ranks["activity_rank_90"] == pytest.approx(45, abs=1)
    assert ranks["activity_rank_99"] == 50


def test_constant_activity_has_rank_zero():
    assert activity_rank(np.ones((10, 4))) == {"activity_rank_90": 0, "activity_rank_99": 0}


def test_the_gain_enters_the_radius_that_decides_on_chaos():
    W = RNG.normal(size=(300, 300)) / 300**0.5
    scores = spectral_metrics(W, np.full(300, 7.0))
    assert scores["spectral_radius"] == pytest.approx(1, rel=0.15)
    assert scores["gain_spectral_radius"] == pytest.approx(7 * scores["spectral_radius"])
