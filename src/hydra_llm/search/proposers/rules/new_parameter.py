"""A parameter that was not moved yet, from the leader; once all were, the one that was moved least."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move, from_the_leader
from hydra_llm.search.statistics import history, openings
from hydra_llm.search.trial.trial import Proposal


class NeverMoved(Stated):
    """Where the search gains nothing."""

    name: ClassVar[str] = "explore"
    when: ClassVar[str] = "a parameter was never moved and no gain in the latest 4 configurations"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        wanted = set(openings.never_moved(context)) or history.least_moved(context)
        return first_move(context, slot, from_the_leader(context, slot), taken, self.name, only=wanted)


class NewParameter(NeverMoved):
    """Where everything converges."""

    when: ClassVar[str] = "4 converged in a row and not twice in a row"
