"""Reaction networks whose rate constants a recording can determine.

As the published generator, but no two reactions may follow one rate law with dependent effects: no empty reactions, no
duplicates, no reversed pairs.
"""

import numpy as np
import torch
from torch import Generator

from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.published import add_balanced, add_cycle

_TRIES = 200  # per cycle or reaction


def identifiable_network(
    n_metabolites: int,
    n_reactions: int,
    *,
    cycle_fraction: float,
    cycle_length: int,
    max_metabolites: int,
    generator: Generator,
) -> ReactionNetwork:
    """Cycles A + B -> 2 B that share no pair of metabolites, then random balanced reactions, each new.

    A share of cycle reactions that cycle_length does not divide is filled up with random reactions. Raises ValueError
    if the metabolites do not offer enough pairs.
    """
    if cycle_length == 2 and cycle_fraction > 0:
        raise ValueError(
            "cycle_length=2 makes reversed pairs, A + B -> 2 B and B + A -> 2 A: one rate law with opposite effects, "
            "so that only the difference of the two constants shows. Choose cycle_length >= 3, or identifiable=false."
        )
    draw = np.random.RandomState(int(torch.randint(2**31, (), generator=generator)))
    n_cycles = int(n_reactions * cycle_fraction) // cycle_length
    n_pairs, wanted = n_metabolites * (n_metabolites - 1) // 2, n_cycles * cycle_length
    if wanted > n_pairs:
        raise ValueError(
            f"n_metabolites={n_metabolites} offer {n_pairs} pairs of food and catalyst, and {wanted} reactions in "
            "cycles need one each: two reactions of one pair have one rate law and opposite or equal effects, so that "
            "no recording tells their constants apart. Choose more metabolites, fewer reactions, a smaller "
            "cycle_fraction, or identifiable=false."
        )
    substrates, products = np.zeros((n_metabolites, n_reactions)), np.zeros((n_metabolites, n_reactions))
    used: set[frozenset[int]] = set()
    for cycle, members in enumerate(_cycles(n_metabolites, n_cycles, cycle_length, used, draw)):
        add_cycle(substrates, products, members, first=cycle * cycle_length)
    seen = {_law(substrates, j) for j in range(wanted)}
    for j in range(wanted, n_reactions):
        for _ in range(_TRIES):
            substrates[:, j] = products[:, j] = 0
            add_balanced(substrates, products, j, max_metabolites, draw)
            if _law(substrates, j) not in seen:
                break
        else:
            raise ValueError(
                f"Reaction {j} of {n_reactions} has no law left that is not in use among {n_metabolites} metabolites. "
                "Choose more metabolites, fewer reactions or a larger max_metabolites_per_reaction."
            )
        seen.add(_law(substrates, j))
    return ReactionNetwork.from_sides(torch.from_numpy(substrates), torch.from_numpy(products))


def _cycles(
    n: int, n_cycles: int, length: int, used: set[frozenset[int]], draw: np.random.RandomState
) -> list[list[int]]:
    """Rings of metabolites without a common pair; metabolites without a cycle come first."""
    rings: list[list[int]] = []
    idle = list(range(n))
    for _ in range(n_cycles):
        for attempt in range(_TRIES):
            pool = idle if len(idle) >= length and attempt < _TRIES // 2 else list(range(n))
            ring = [int(i) for i in draw.choice(pool, size=length, replace=False)]
            pairs = [frozenset((ring[k], ring[(k + 1) % length])) for k in range(length)]
            if len(set(pairs)) == length and not used.intersection(pairs):
                break
        else:
            raise ValueError(
                f"Only {len(rings)} of {n_cycles} cycles of length {length} fit into {n} metabolites without sharing "
                "a pair, which would make two rate constants indistinguishable. Choose more metabolites, fewer "
                "reactions, or identifiable=false."
            )
        rings.append(ring)
        used.update(pairs)
        idle = [i for i in idle if i not in ring]
    return rings


def _law(substrates: np.ndarray, j: int) -> tuple[float, ...]:
    """The rate law of a reaction. Equal laws with independent effects would do; one reaction per law is simpler."""
    return tuple(substrates[:, j])
