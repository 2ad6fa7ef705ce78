"""What a model is shown of the graph: hidden edges are simulated, null edges are not."""

import pytest
import torch

from hydra_llm.families.flyvis.system.observed_graph import draw_null_edges, kept_edges
from hydra_llm.systems.random_streams import stream

N = 30


@pytest.fixture
def edges():
    pairs = torch.randperm(N * N, generator=stream(0, "connectivity"))[:200]
    return torch.stack([pairs // N, pairs % N])


def test_nothing_is_hidden_or_added_by_default(make_flyvis_system):
    system = make_flyvis_system()
    assert torch.equal(system.structure()["edge_index"], system.truth()["edge_index"])
    assert torch.equal(system.truth()["observed_edge"], torch.arange(system.truth()["W"].numel()))


def test_a_hidden_edge_still_acts(make_flyvis_system, simulate_system):
    whole, hidden = make_flyvis_system(), make_flyvis_system(edge_removal_ratio=0.5)
    n_edges = whole.truth()["W"].numel()
    assert hidden.structure()["edge_index"].shape[1] == n_edges - n_edges // 2
    assert torch.equal(hidden.truth()["W"], whole.truth()["W"])
    assert torch.equal(simulate_system(hidden)["train"]["activity"], simulate_system(whole)["train"]["activity"])


def test_an_ablated_synapse_does_not_act(make_flyvis_system, simulate_system):
    whole, ablated = make_flyvis_system(), make_flyvis_system(ablation_ratio=0.5)
    gone = ablated.truth()["ablated_edge"]
    assert int(gone.sum()) == gone.numel() // 2
    assert (ablated.truth()["W"][gone] == 0).all()
    assert torch.equal(ablated.truth()["W"][~gone], whole.truth()["W"][~gone])
    assert not torch.equal(simulate_system(ablated)["train"]["activity"], simulate_system(whole)["train"]["activity"])


def test_observed_edges_know_their_true_number(make_flyvis_system):
    system = make_flyvis_system(edge_removal_ratio=0.2, n_extra_null_edges=40)
    shown, true = system.structure()["edge_index"], system.truth()["edge_index"]
    number = system.truth()["observed_edge"]
    assert torch.equal(shown[:, number >= 0], true[:, number[number >= 0]])
    assert int((number < 0).sum()) == 40
    existing = set(map(tuple, true.T.tolist()))
    assert not existing & set(map(tuple, shown[:, number < 0].T.tolist()))


@pytest.mark.parametrize("mode", ["random", "per_column"])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.9])
def test_removal_hides_the_asked_share(mode, ratio, edges):
    kept = kept_edges(edges, N, ratio, mode, stream(0, "hidden_edges"))
    assert torch.equal(kept, kept.unique())
    degree = torch.bincount(edges[0], minlength=N)
    if mode == "random":
        assert len(kept) == 200 - int(ratio * 200)
    else:
        expected = degree - torch.minimum((ratio * degree).long(), degree - 1)
        assert torch.equal(torch.bincount(edges[0, kept], minlength=N), expected)
        assert (expected[degree > 0] >= 1).all()


@pytest.mark.parametrize("mode", ["random", "per_column"])
def test_null_edges_are_new_and_distinct(mode, edges):
    null = draw_null_edges(edges, N, 301, mode, stream(0, "null_edges"))
    pairs, taken = null[0] * N + null[1], edges[0] * N + edges[1]
    assert len(pairs.unique()) == 301
    assert not torch.isin(pairs, taken).any()
    if mode == "per_column":
        per_source = torch.bincount(null[0], minlength=N)
        assert int(per_source.max() - per_source.min()) <= 1


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            lambda e: draw_null_edges(e, N, 10_000, "random", stream(0, "null_edges")),
            "n_extra_null_edges must be between 0 and 350, got 10000",
        ),
        (
            lambda e: draw_null_edges(e, N, -1, "random", stream(0, "null_edges")),
            "n_extra_null_edges must be between 0 and 350, got -1",
        ),
        (
            lambda e: draw_null_edges(e, N, 1, "rows", stream(0, "null_edges")),
            "null_edges_mode must be one of per_column, random, got 'rows'",
        ),
        (
            lambda e: kept_edges(e, N, 1.0, "random", stream(0, "hidden_edges")),
            r"edge_removal_ratio must be at least 0 and below 1, got 1.0",
        ),
        (
            lambda e: kept_edges(e, N, 0.1, "rows", stream(0, "hidden_edges")),
            "edge_removal_mode must be one of per_column, random, got 'rows'",
        ),
    ],
)
def test_a_graph_that_cannot_be_shown_is_refused(call, reason, edges):
    with pytest.raises(ValueError, match=reason):
        call(edges)
