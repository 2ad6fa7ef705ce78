"""The few configurations that the process would run next, for somebody else who decides; and what it expects of
theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra_llm.search import slot_params
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.bayes.proposer import BayesProposer
from hydra_llm.search.surrogate.threads import one_thread
from hydra_llm.search.trial.standing import Expectation, PoolCandidate, Standing
from hydra_llm.search.trial.trial import Proposal

SHOWN = 4
RERUN = "replicate"


def shortlist(context: Context, slots: Sequence[Slot], count: int = SHOWN) -> tuple[PoolCandidate, ...]:
    """At least `count` candidates, one for each slot at least, each beside the ones before it as if they ran; (), while
    the process knows too little to decide. Slots that keep values of their own have candidates of their own.
    """
    if not slots or context.tree.belief is None:
        return ()
    groups = list(slot_params.groups(replace(context, slots=tuple(slots))))
    found: list[PoolCandidate] = []
    for group in groups:
        wanted = max(len(group.slots), -(-count // len(groups)))
        found += _of_group(group, tuple(Slot(place, fixed=group.slots[0].fixed) for place in range(wanted)))
    return tuple(found)


def _of_group(context: Context, slots: tuple[Slot, ...]) -> list[PoolCandidate]:
    process = BayesProposer()
    if context.tree.belief is None or not process.decides(context):
        return []
    roomy = replace(context, slots=slots, left=max(context.left, len(slots)))
    found: dict[str, PoolCandidate] = {}
    for proposal in process.propose(roomy):
        expected = expectation(context, proposal.values)
        if expected is not None:
            source = proposal.strategy
            candidate = PoolCandidate(proposal.values, proposal.parent, source, expected)
            found.setdefault(context.space.key(proposal.values), candidate)
    return list(found.values())


def expectation(context: Context, values: Mapping[str, Any]) -> Expectation | None:
    """Of one run of a configuration, never beyond the ceiling of the metric; None while nothing is believed."""
    with one_thread():
        belief = context.tree.belief
        if belief is None:
            return None
        found = belief.interval(values, context.objective)
    if context.ceiling is None or context.objective.direction == "target":
        return Expectation(*found)
    bounded = min if context.objective.direction == "maximize" else max
    return Expectation(*(bounded(value, context.ceiling) for value in found))


def standing(context: Context, proposal: Proposal, choice: PoolCandidate | None) -> Standing | None:
    """Where a proposal stands beside the pool of the context and `choice`, what the process would have run instead."""
    expected = expectation(context, proposal.values)
    if expected is None:
        return None
    key = context.space.key(proposal.values)
    places = (place for place, one in enumerate(context.pool, start=1) if context.space.key(one.values) == key)
    if choice is None:
        return Standing(expected, place=next(places, None))
    return Standing(expected, choice.expected, choice.values, next(places, None))


def is_preferred(context: Context, slot: Slot, values: Mapping[str, Any], choice: PoolCandidate) -> bool:
    """Whether the score of the pool puts this configuration at or above the pool's own choice."""
    belief = context.tree.belief
    if belief is None:
        return True
    with one_thread():
        pooled = BayesProposer().choice(context, slot, belief)
        return pooled.worth(dict(values)) >= pooled.worth(choice.values)
