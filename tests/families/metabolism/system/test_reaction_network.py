"""Which rate constants a network leaves apart: the verdict from the stoichiometry against the rank of data."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_llm.families.metabolism.system import ReactionNetwork
from hydra_llm.families.metabolism.system.identifiable import identifiable_network
from hydra_llm.families.metabolism.system.kinetics import power_products
from hydra_llm.families.metabolism.system.published import published_network
from hydra_llm.systems.random_streams import stream

BENCHMARK = {"cycle_fraction": 1.0, "cycle_length": 3, "max_metabolites": 5}


def verdict_of_data(network):
    """Identifiable [reaction] and null dimensions by the definition, from derivatives at random states."""
    c = 0.5 + torch.rand((60, network.n_metabolites), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    laws = power_products(c, *network.substrates())
    design = (laws[:, None, :] * network.stoichiometry).reshape(-1, network.n_reactions)
    design = design / design.norm(dim=0).clamp_min(1e-12)
    s, V = (found := torch.linalg.svd(design, full_matrices=False)).S, found.Vh.T
    null = V[:, s <= 1e-8 * s[0]]
    return null.norm(dim=1) < 1e-6, null.shape[1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(4, 8), st.integers(3, 14), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_verdict_of_the_stoichiometry_is_the_verdict_of_the_data(seed, n, m, cycle_fraction):
    network = published_network(n, m, cycle_fraction=cycle_fraction, cycle_length=3, max_metabolites=4, seed=seed)
    identifiable, null_dimensions = verdict_of_data(network)
    assert network.identifiable().tolist() == identifiable.tolist()
    assert network.null_dimensions() == null_dimensions


def test_the_published_benchmark_is_rebuilt_with_its_seventeen_lost_constants():
    network = published_network(100, 256, **BENCHMARK, seed=42)
    assert network.faults() == {
        "without net effect": 1,
        "with a reverse of the same rate law": 4,
        "duplicated or otherwise dependent": 12,
    }
    assert int(network.identifiable().sum()) == 239
    assert network.null_dimensions() == 9  # eight among the 255 reactions that do something, and the empty one
    assert set(network.orders.unique().tolist()) == {0, 1}


@pytest.mark.parametrize("cycle_fraction", [1.0, 0.6, 0.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_an_identifiable_network_leaves_no_constant_undetermined_and_conserves_mass(cycle_fraction, seed):
    shape = {**BENCHMARK, "cycle_fraction": cycle_fraction}
    network = identifiable_network(30, 70, **shape, generator=stream(seed, "stoichiometry"))
    assert network.identifiable().all()
    assert (network.stoichiometry.sum(dim=0) == 0).all()
    assert (network.stoichiometry != 0).any(dim=0).all()


def test_reactions_that_cycles_do_not_fill_are_filled_and_not_left_empty():
    network = identifiable_network(30, 71, **BENCHMARK, generator=stream(0, "stoichiometry"))
    assert (network.orders.sum(dim=0) > 0).all()


def test_a_network_that_cannot_be_identifiable_says_why():
    with pytest.raises(ValueError, match=r"n_metabolites=6 offer 15 pairs.*18 reactions.*identifiable=false"):
        identifiable_network(6, 18, **BENCHMARK, generator=stream(0, "stoichiometry"))
    with pytest.raises(ValueError, match="cycle_length=2 makes reversed pairs"):
        identifiable_network(9, 6, **{**BENCHMARK, "cycle_length": 2}, generator=stream(0, "stoichiometry"))


def test_a_catalyst_without_net_effect_is_represented():
    substrates, products = torch.tensor([[1.0], [1.0], [0.0]]), torch.tensor([[0.0], [1.0], [1.0]])
    network = ReactionNetwork.from_sides(substrates, products)  # A + E -> C + E
    assert network.stoichiometry.ravel().tolist() == [-1, 0, 1]
    assert network.orders.ravel().tolist() == [1, 1, 0]
    index, order = network.substrates()
    assert (index.tolist(), order.tolist()) == ([[0, 1]], [[1, 1]])
