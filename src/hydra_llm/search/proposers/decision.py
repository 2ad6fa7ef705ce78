"""What a proposer gives: proposals, and what it wrote beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.proposers.notes import NO_NOTES, Notes
from hydra_llm.search.trial.trial import Proposal


@dataclass(frozen=True)
class Refusal:
    """A proposal that will not be launched, and why, one sentence each."""

    proposal: Proposal
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """Proposals for some or all slots of a context, and what belongs to the records.

    `refused` are proposals that the proposer itself found wanting on the way; `questions` says what a language model
    was asked and what it cost, one mapping of JSON values per question. A `failed` that is not empty is the reason for
    which slots are left open: it goes into the provenance of who steps in, and the proposer is not asked again.
    """

    proposals: tuple[Proposal, ...] = ()
    notes: Notes = NO_NOTES
    refused: tuple[Refusal, ...] = ()
    questions: tuple[Mapping[str, Any], ...] = ()
    failed: str = ""

    @classmethod
    def of(cls, answer: Decision | Sequence[Proposal]) -> Decision:
        """Proposals without a word beside them are a decision too."""
        return answer if isinstance(answer, Decision) else cls(tuple(answer))

    def joined(self, later: Decision) -> Decision:
        """Both as one; of two failures the first counts."""
        return Decision(
            self.proposals + later.proposals,
            self.notes.joined(later.notes),
            self.refused + later.refused,
            self.questions + later.questions,
            self.failed or later.failed,
        )
