"""Blocks: one simulation regime for n_iter_block iterations, then the next, untested ones first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hydra_llm.search import patience
from hydra_llm.search.context import Block
from hydra_llm.search.log.events import BlockRecord
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.space import block_values
from hydra_llm.search.trial.seeds import derive

UNTESTED_FIRST = "untested-first"


def block_of(iteration: int, n_iter_block: int) -> tuple[int, int]:
    """(block, k) of an iteration, all counted from 1."""
    return (iteration - 1) // n_iter_block + 1, (iteration - 1) % n_iter_block + 1


def present_block(state: SweepState, settings: Settings) -> Block:
    """The running block as proposers see it; k is the iteration of the next trial within it."""
    record = state.blocks[-1]
    k = state.block_count(record.index) + 1
    return Block(record.index, k, settings.nominal_block, record.values)


def block_is_over(state: SweepState, settings: Settings) -> bool:
    """Whether the next trial opens a block: none yet, n_iter_block iterations done, the dynamics died, or the regime
    was searched for long enough.
    """
    if not state.blocks:
        return True
    block = state.blocks[-1].index
    if state.block_count(block) >= settings.block_size:
        return True
    if settings.block_space is None:
        return False
    if settings.collapse is not None and settings.collapse.seen_in(state.block_trials(block), settings.objective):
        return True
    return another_regime(state, settings) and bool(patience.spent(state, settings))


def used_up(state: SweepState, settings: Settings) -> bool:
    """Whether every configuration of a finite space was run in the present block, or refused."""
    every, block = settings.space.configurations, state.blocks[-1].index
    tried = {settings.space.key(node.values) for node in state.tree.nodes}
    return every is not None and every <= tried | {r.key for r in state.rejections if r.block == block}


def another_regime(state: SweepState, settings: Settings) -> bool:
    """Whether a regime that is listed was not tested yet."""
    space = settings.block_space
    return space is not None and bool(
        block_values.untested(
            space, block_values.listed(space, np.random.default_rng(0)), [record.values for record in state.blocks]
        )
    )


def next_regime(state: SweepState, settings: Settings) -> dict[str, Any]:
    """Values of the block parameters for the next block: the baseline first, then untested regimes.

    Of the untested regimes that change one factor of the latest block the one farthest from all tested ones is taken,
    the earliest listed on a tie; when all of a discrete space were tested they repeat in order. Other spaces are drawn
    from.
    """
    space = settings.block_space
    if space is None:
        return {}
    if not state.blocks:
        return space.baseline()
    tested = [record.values for record in state.blocks]
    rng = np.random.default_rng(derive(settings.seed, "block", len(tested)))
    listed = block_values.listed(space, rng)
    untested = block_values.untested(space, listed, tested)
    if not untested:
        return tested[len(tested) % len(listed)]
    near = block_values.nearest_to(space, tested[-1], untested, tested)
    return max(near, key=lambda values: min(space.distance(values, old) for old in tested))


def next_block(
    state: SweepState, settings: Settings, validate: Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]
) -> BlockRecord:
    """The regime that the proposer chose in the block before, if it may come next and composes, else the one of the
    untested-first rule.
    """
    index = len(state.blocks) + 1
    choice = state.choices.get(len(state.blocks))
    refused = choice.refused if choice is not None else ""
    if choice is not None and choice.values is not None and settings.block_space is not None:
        tested = [record.values for record in state.blocks]
        refused = block_values.refusal(settings.block_space, choice.values, tested)
        refused = refused or " ".join(validate(settings.space.baseline(), choice.values))
        if not refused:
            return BlockRecord(index, choice.values, choice.by, choice.reason)
    values = next_regime(state, settings)
    return BlockRecord(index, values, UNTESTED_FIRST, refused=refused)
