"""What a proposer that reviews says at the end of a block, as events."""

from __future__ import annotations

import logging

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search import budget
from hydra_llm.search.annotations import Annotations, summarise
from hydra_llm.search.ask import ProposalLoop
from hydra_llm.search.log.events import Event, Review
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings

log = logging.getLogger(__name__)


def review_of_block(
    state: SweepState, settings: Settings, proposals: ProposalLoop, number: int, spent: TotalUsage | None
) -> list[Event]:
    """Of the present block; [] if the proposer does not review, has seen every result, or has no budget left.

    `number` is that of the next trial. The event that says that there was a review is the last: after a write that was
    torn the proposer is asked again.
    """
    if not state.blocks:
        return []
    block = state.blocks[-1].index
    ended = sum(trial.state.is_finished for trial in state.block_trials(block))
    if not ended or state.reviews.get(block) == ended:
        return []
    if used_up := budget.model_used_up(settings.stop, spent):
        log.warning("The block ends without a review: %s.", used_up)
        return []
    decision = proposals.review(state, number)
    if decision is None:
        return []
    by = proposals.proposer.name
    events = list(Annotations().joined(decision, by).events(state, settings, block, number))
    if decision.failed:
        log.warning("Block %d ends without a review by %s: %s", block, by, decision.failed)
    else:
        log.info("Block %d was reviewed by %s: %s", block, by, summarise(events))
    return [*events, Review(block, ended, by, decision.failed, proposals.proposer.spent)]
