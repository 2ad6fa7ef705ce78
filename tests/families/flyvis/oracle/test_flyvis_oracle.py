"""The oracles of the fly visual system find W, tau and V_rest wherever they act, and say where the data end."""

import numpy as np
import pytest
import torch

from hydra_llm.families.flyvis.fitting.neighbours import FrameBlock, by_in_degree, factorise
from hydra_llm.families.flyvis.oracle.neighbour_solutions import Solution, best_ridge, determined, least_squares, ridge
from hydra_llm.families.flyvis.oracle.report import flyvis_oracle, law_blocks, parameters
from hydra_llm.metrics.scores import identity_r2


def ask(network, noise, target="drift", n_frames=3000, **record):
    train, validation = (network.record(n_frames, noise, seed, target=target, **record) for seed in (1, 2))
    return flyvis_oracle(train, validation, network.graph, network.types, train.n_frames)


def condense(network, samples):
    graph = network.graph
    return factorise(by_in_degree(graph.edge_index, graph.num_nodes), law_blocks(samples, graph.input_index))


def design(network, samples, neuron):
    """Features of one neuron's regression, written down directly: rate, offset, weights by edge."""
    v, slope, external = samples.block(0, samples.n_frames)
    held = torch.zeros_like(v)
    held[:, network.graph.input_index] = external
    edges = (network.graph.edge_index[1] == neuron).nonzero().ravel()
    sources = network.graph.edge_index[0, edges]
    X = torch.cat([(held - v)[:, [neuron]], torch.ones(len(v), 1, dtype=v.dtype), v.clamp_min(0)[:, sources]], dim=1)
    return X, slope[:, neuron], edges


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_noise_makes_every_parameter_exact(relu_network, seed, dtype):
    network = relu_network(seed=seed)
    found = ask(network, 0.5, dtype=dtype)
    assert found.null_dimensions == 0
    for oracle in (found.ls, found.ridge, found.tied):
        assert identity_r2(oracle.W, network.W) > 0.9999
        assert identity_r2(oracle.tau, network.tau) > 0.9999
        assert identity_r2(oracle.v_rest, network.v_rest) > 0.999


def test_factors_give_the_solution_of_the_plain_regression(relu_network):
    network = relu_network()
    samples = network.record(800, 0.5, 3, target="finite_difference")
    factors = condense(network, samples)
    solution = least_squares(factors, samples.rounding)
    for neuron in (0, 4, 17, 35):
        X, y, edges = design(network, samples, neuron)
        expected = torch.linalg.lstsq(X, y[:, None]).solution.ravel()
        assert torch.allclose(solution.rate[neuron], expected[0], rtol=1e-8)
        assert torch.allclose(solution.offset[neuron], expected[1], rtol=1e-8)
        assert torch.allclose(solution.weight[edges], expected[2:], rtol=1e-8)


def test_the_ridge_shrinks_weights_alone(relu_network):
    network, strength = relu_network(), 0.03
    samples = network.record(800, 0.3, 3, target="finite_difference")
    factors = condense(network, samples)
    solution = ridge(factors, strength)
    X, y, edges = design(network, samples, 13)
    penalty = strength * len(X) * torch.diag(torch.tensor([0.0, 0.0] + [1.0] * len(edges), dtype=X.dtype))
    expected = torch.linalg.solve(X.T @ X + penalty, X.T @ y)
    assert torch.allclose(solution.weight[edges], expected[2:], rtol=1e-6)
    assert torch.allclose(solution.rate[13], expected[0], rtol=1e-6)


def test_errors_of_a_factor_are_those_of_the_frames(relu_network):
    network = relu_network()
    samples = network.record(700, 0.3, 3, target="finite_difference")
    factors = condense(network, samples)
    assert sum(len(factor.group.targets) for factor in factors) == network.graph.num_nodes
    for factor in factors:
        for k, neuron in enumerate(factor.group.targets.tolist()):
            X, y, _ = design(network, samples, neuron)
            x = torch.linspace(-1, 1, X.shape[1], dtype=X.dtype)
            found = factor.errors(x.expand(len(factor.group.targets), -1))[k]
            assert found == pytest.approx(float((X @ x - y).square().mean()), rel=1e-9)


def test_a_silent_source_leaves_its_weights_open_and_nothing_else(relu_network):
    network = relu_network(rest=0.5)
    network.v_rest[network.types == 2] = -50.0
    found = ask(network, 0.5)
    source = network.graph.edge_index[0]
    assert torch.equal(found.silent, network.types == 2)
    assert not found.identifiable_W[network.types[source] == 2].any()
    others = network.types[source] != 2
    assert found.identifiable_W[others].all()
    assert (found.ls.W[~others] == 0).all()
    assert identity_r2(found.ls.W[others], network.W[others]) > 0.9999
    assert "never above 0" in found.sentence(network.graph, 0.0)


def test_a_neuron_always_above_zero_mixes_its_own_weight_with_its_time_constant(relu_network):
    network = relu_network(rest=0.5)
    network.v_rest[network.types == 2] = 20.0
    found = ask(network, 0.1)
    target = network.graph.edge_index[1]
    mixed = network.types == 2  # has a self-connection
    assert found.linear[mixed].all()
    assert not found.identifiable_tau[mixed].any()
    assert not found.identifiable_W[mixed[target]].any()
    assert not found.identifiable_v_rest[mixed].any()
    assert found.null_dimensions >= int(mixed.sum())


def test_a_known_type_helps_where_noise_hides_a_single_neuron(relu_network):
    network = relu_network(n_columns=30)
    found = ask(network, 0.3, target="finite_difference", n_frames=6000)
    errors = [float((oracle.W - network.W).square().mean()) for oracle in (found.ls, found.ridge, found.tied)]
    assert errors[2] < min(errors[:2])
    assert found.ceiling("finite_difference") is found.tied
    assert "cell types" in found.sentence(network.graph, 0.0)


def test_validation_picks_a_ridge_that_beats_plain_least_squares(relu_network):
    network = relu_network(n_columns=30)
    found = ask(network, 0.02, target="finite_difference", n_frames=400)
    assert found.ridge_strength > 1e-12
    for oracle in (found.ridge, found.evidence):
        assert (oracle.W - network.W).square().mean() < (found.ls.W - network.W).square().mean()
    assert found.ceiling("finite_difference") is getattr(found, found.preferred)
    assert (found.ceiling("drift") is found.ls) == (found.null_dimensions == 0)


def test_no_difference_is_taken_across_the_start_of_a_sequence(relu_network):
    """The state jumps there; one such frame among 80 ruins a fit to noise-free differences."""
    network = relu_network()
    samples = network.record(800, 0.0, 4, target="finite_difference", sequence=80)
    assert samples.n_frames == 790
    exact = np.asarray(network.record(800, 0.0, 4, sequence=80).target).reshape(10, 80, -1)[:, :-1]
    assert np.allclose(np.asarray(samples.target), exact.reshape(790, -1), rtol=1e-9, atol=1e-9)


def test_message_values_of_any_kind_are_fitted(relu_network):
    """Messages may come from a network instead of relu."""
    network = relu_network()
    edge_index, n = network.graph.edge_index, network.graph.num_nodes
    generator = torch.Generator().manual_seed(0)
    message, own = (torch.randn(500, n, generator=generator, dtype=torch.float64) for _ in range(2))
    weight = torch.randn(edge_index.shape[1], generator=generator, dtype=torch.float64)
    received = torch.zeros_like(own).index_add_(1, edge_index[1], message[:, edge_index[0]] * weight)
    slope = 3 * own + 0.5 + received
    solution = ridge(factorise(by_in_degree(edge_index, n), lambda: [FrameBlock(message, own, slope)]), 1e-12)
    assert torch.allclose(solution.weight, weight, atol=1e-6)
    assert torch.allclose(solution.rate, torch.full((n,), 3.0, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(solution.offset, torch.full((n,), 0.5, dtype=torch.float64), atol=1e-6)


def test_every_edge_is_in_one_group():
    edge_index = torch.tensor([[0, 1, 2, 2, 3, 0], [1, 1, 0, 1, 3, 0]])
    groups = by_in_degree(edge_index, 5)
    assert sorted(torch.cat([g.edges.ravel() for g in groups]).tolist()) == list(range(6))
    assert sorted(torch.cat([g.targets for g in groups]).tolist()) == list(range(5))  # without inputs too
    for group in groups:
        assert (edge_index[1, group.edges] == group.targets[:, None]).all()
        assert (edge_index[0, group.edges] == group.sources).all()


def test_an_edge_to_a_neuron_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="edge_index must name neurons 0 to 4, got 0 to 7"):
        by_in_degree(torch.tensor([[0], [7]]), 5)


def test_singular_values_below_the_square_root_of_the_rounding_are_seen():
    """Two messages that differ by 1e-7 are two directions, two that differ by 1e-10 are one."""
    n_frames, generator = 400, torch.Generator().manual_seed(1)
    base, extra = torch.randn(2, n_frames, generator=generator, dtype=torch.float64)
    edge_index = torch.tensor([[0, 1], [2, 2]])
    own = torch.randn(n_frames, 3, generator=generator, dtype=torch.float64)
    for size, expected in ((1e-6, 0), (1e-11, 1)):
        message = torch.stack([base, base + size * extra, torch.zeros_like(base)], dim=1)
        found = determined(factorise(by_in_degree(edge_index, 3), lambda m=message: [FrameBlock(m, own, own)]))
        assert found.null_dimensions[2] == expected


def test_the_strongest_ridge_within_a_standard_error_is_taken(relu_network):
    network = relu_network()
    blocks = [
        law_blocks(network.record(600, 0.3, seed, target="finite_difference"), network.graph.input_index)
        for seed in (1, 2)
    ]
    groups = by_in_degree(network.graph.edge_index, network.graph.num_nodes)
    train, validation = (factorise(groups, part) for part in blocks)
    _, strength = best_ridge(train, validation, strengths=(1e-9, 1e-8, 1e3))
    assert strength == 1e-8


def test_a_rate_that_is_rounding_is_no_time_constant():
    rate = torch.tensor([50.0, 10.0, 40.0, 1e-14, -3.0, 0.0])
    found = parameters(Solution(torch.zeros(0), rate, torch.ones(6)), torch.zeros(0, dtype=torch.long))
    assert found.found.tolist() == [True, True, True, False, False, False]
    torch.testing.assert_close(1 / found.tau, torch.tensor([50.0, 10.0, 40.0, 10.0, 10.0, 10.0]))


def test_without_any_rate_all_time_constants_are_a_second():
    found = parameters(Solution(torch.zeros(0), torch.zeros(2), torch.ones(2)), torch.zeros(0, dtype=torch.long))
    assert found.tau.tolist() == [1.0, 1.0]
    assert not found.found.any()
