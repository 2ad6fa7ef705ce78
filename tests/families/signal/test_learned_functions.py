"""Learned functions are compared where the states were, whatever the gauge of the network."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.learned_functions import LearnedFunctions, standard_errors
from hydra_llm.metrics.clustering import cluster, cluster_metrics, estimated_number
from hydra_llm.metrics.intervals import interval_metrics

N, SCALE, OFFSET = 24, -3.0, 0.7
RNG = np.random.default_rng(0)
WIDTH = np.repeat([0.5, 1.0, 4.0], 8)  # three types that differ as sources only
TRUE_W = RNG.normal(size=(N, N)) / N**0.5
np.fill_diagonal(TRUE_W, 0)
STATES = RNG.normal(size=(600, N)) * 3


def phi(u):
    return torch.tanh(u / torch.from_numpy(WIDTH))


FIELD = SimpleNamespace(message=phi, intrinsic=lambda u: -u)


@pytest.fixture
def net():
    """A network that has learned the law, with its message scaled and shifted."""
    W = torch.from_numpy(TRUE_W / SCALE)
    return SimpleNamespace(
        W=W,
        input_mode="none",
        message=lambda u: SCALE * phi(u) + OFFSET,
        update=lambda u: -u - OFFSET * W.sum(dim=1),
    )


def test_scale_and_constant_are_taken_out(net):
    scores = LearnedFunctions(net, np.full(N, SCALE), TRUE_W).scores(STATES, FIELD)
    assert scores["message_R2"] == pytest.approx(1)
    assert scores["update_R2"] == pytest.approx(1)


def test_a_wrong_function_counts_where_the_states_were(net):
    net.update = lambda u: torch.where(u.abs() > 30, torch.full_like(u, 99.0), -0.5 * u)
    scores = LearnedFunctions(net, np.full(N, SCALE), TRUE_W).scores(STATES, FIELD)
    assert scores["update_R2"] == pytest.approx(0.75, abs=0.05)
    assert scores["message_R2"] == pytest.approx(1)


def test_types_that_differ_as_sources_alone_are_seen(net):
    types = np.repeat([0, 1, 2], 8)
    net.message, net.update = lambda u: SCALE * phi(u), lambda u: -u
    profiles = LearnedFunctions(net, np.full(N, SCALE), TRUE_W).profiles(STATES)
    assert cluster_metrics(cluster(profiles, 3, seed=0), types)["cluster_accuracy"] == 1
    assert estimated_number(profiles, seed=0) == 3


def test_intervals_hold_the_truth_as_often_as_they_say(net):
    noise = RNG.normal(size=STATES.shape)
    target = -STATES + np.tanh(STATES / WIDTH) @ TRUE_W.T + noise
    frames = Frames(torch.from_numpy(STATES), torch.from_numpy(target), None)
    error = np.abs(SCALE) * standard_errors(net, frames)
    m = np.tanh(STATES / WIDTH)
    found = np.zeros_like(TRUE_W)
    for i in range(N):
        others = [j for j in range(N) if j != i]
        found[i, others] = np.linalg.lstsq(m[:, others], (target + STATES)[:, i], rcond=None)[0]
    off = ~np.eye(N, dtype=bool)
    scores = interval_metrics(found[off], error[off], TRUE_W[off], prefix="connectivity")
    assert scores["connectivity_coverage_90"] == pytest.approx(0.9, abs=0.06)
    assert scores["connectivity_standard_error"] == pytest.approx(np.abs(found - TRUE_W).std(), rel=0.5)
