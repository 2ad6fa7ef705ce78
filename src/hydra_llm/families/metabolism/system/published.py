"""The stoichiometry generator of the publications.

Autocatalytic cycles from numpy's legacy generator, draw for draw, so that seed 42 at 100 x 256 gives the published
benchmark: one empty reaction, six duplicated pairs and two reversed ones, 17 constants that no data determine. Random
balanced reactions follow the published description; the order of their draws is not on record.
"""

import numpy as np
import torch

from hydra_llm.families.metabolism.system.network import ReactionNetwork


def published_network(
    n_metabolites: int, n_reactions: int, *, cycle_fraction: float, cycle_length: int, max_metabolites: int, seed: int
) -> ReactionNetwork:
    """int(n_reactions * cycle_fraction) // cycle_length cycles, then random reactions.

    A share of cycle reactions that cycle_length does not divide leaves reactions without any metabolite.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(
            f"stoichiometry_seed must be at least 0 and below 2^32, as numpy's legacy generator requires, got {seed}."
        )
    generator = np.random.RandomState(seed)
    substrates = np.zeros((n_metabolites, n_reactions))
    products = np.zeros_like(substrates)
    n_in_cycles = int(n_reactions * cycle_fraction)
    unused = list(range(n_metabolites))
    for cycle in range(n_in_cycles // cycle_length):
        pool = unused if len(unused) >= cycle_length else list(range(n_metabolites))
        members = [int(i) for i in generator.choice(pool, size=cycle_length, replace=False)]
        unused = [i for i in unused if i not in members]
        add_cycle(substrates, products, members, first=cycle * cycle_length)
    for j in range(n_in_cycles, n_reactions):
        add_balanced(substrates, products, j, max_metabolites, generator)
    return ReactionNetwork.from_sides(torch.from_numpy(substrates), torch.from_numpy(products))


def add_cycle(substrates: np.ndarray, products: np.ndarray, members: list[int], first: int) -> None:
    """Reactions A + B -> 2 B along the ring of members, in the columns from `first` on."""
    for place, food in enumerate(members):
        catalyst = members[(place + 1) % len(members)]
        j = first + place
        substrates[food, j] += 1
        substrates[catalyst, j] += 1
        products[catalyst, j] += 2


def add_balanced(
    substrates: np.ndarray, products: np.ndarray, j: int, max_metabolites: int, generator: np.random.RandomState
) -> None:
    """A random reaction into column j: disjoint sides, substrate coefficients 1 or 2, as much produced as consumed."""
    n = len(substrates)
    most = max(2, min(max_metabolites, n // 2))  # excluded by randint
    n_substrates, n_products = (int(generator.randint(1, most)) for _ in range(2))
    members = generator.choice(n, size=n_substrates + n_products, replace=False)
    consumed = generator.randint(1, 3, size=n_substrates)
    substrates[members[:n_substrates], j] = consumed
    share, rest = divmod(int(consumed.sum()), n_products)
    produced = [share + (k < rest) for k in range(n_products)]  # zeros where there are more products than mass
    products[members[n_substrates:], j] = produced
