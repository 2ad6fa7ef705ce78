"""In a serial search: the incumbent or its rival once more, while it is not clear which of them is the best."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, rerun
from hydra_llm.search.statistics.replication import chance_of_best, rerun_candidate
from hydra_llm.search.trial.trial import Proposal


class OpenContest(Stated):
    name: ClassVar[str] = "robustness-test"
    when: ClassVar[str] = "which configuration is the best is open"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        node = rerun_candidate(context)
        if node is None:
            return None
        chance = chance_of_best(context.recordings)
        why = (
            "nothing was repeated yet, so the noise is unknown"
            if chance is None
            else f"the best node is the best in truth with probability {chance:.2f}"
        )
        return rerun(context, slot, node, self.name, note=f"rerun of node {node.id}: {why}")
