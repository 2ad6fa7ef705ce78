"""Changes of one file of code as mutations like any other: proposed, checked, committed, run, repaired or given up.

Everything it knows is in the events, so a sweep that was killed goes on where it stopped: a crash that nobody has
mended is repaired then, and an answer that the model gave already comes from the transcript.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.evolution.author import Author, Record
from hydra_llm.search.evolution.blame import crashed
from hydra_llm.search.evolution.occasion import is_due
from hydra_llm.search.evolution.settings import BASE, NAMES
from hydra_llm.search.log.events import CodeReview
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.check import check
from hydra_llm.search.records.revisions import twin
from hydra_llm.search.trial.trial import Proposal

log = logging.getLogger(__name__)

STRATEGY, REPAIR, TAKEN_BACK = "code", "code-repair", "code-taken-back"
CREDITED = 2  # recordings that a configuration has run on before a trial is spent on what its code gives


@dataclass(frozen=True)
class Evolution:
    """`author` writes the code. A `Record` writes events and takes them into the state."""

    author: Author

    def proposals(self, state: SweepState, context: Context, record: Record) -> list[Proposal]:
        """Code for some of the context's slots: repairs first, then ideas; the others are left to parameters."""
        slots = [slot for slot in context.slots if slot.role != "baseline"]
        found: list[Proposal] = []
        for trial in crashed(state, self._key, self.author.sources(state)):
            if len(found) < len(slots):
                name = self.author.mend(state, trial, context, record)
                self._take_reviews(state, record)
                found += self._proposed(state, context, slots[len(found)], name, REPAIR, found)
        self._take_reviews(state, record)
        ready = self._unrun(state, found)
        while len(found) < len(slots) and ready:
            found += self._proposed(state, context, slots[len(found)], ready.pop(0), STRATEGY, found)
        if len(found) < len(slots):
            found += self._taken_back(state, context, slots[len(found)], found)
        while len(found) < len(slots) and self._is_due(state, context):
            name = self.author.idea(state, context, record)
            if name is None:
                break  # the next time: now the model has had its attempts
            self._take_reviews(state, record)
            found += self._proposed(state, context, slots[len(found)], name, STRATEGY, found)
        return found

    def problems(self, state: SweepState, values: Mapping[str, Any]) -> list[str]:
        """Why a configuration may not run because of its code; [] if it may."""
        name = values.get(self._key, BASE)
        if name == BASE:
            return []
        if name not in state.code.revisions:
            return [f"{self._key}={name} is no revision yet. Keep that of the parent."]
        if name in state.code.given_up:
            return [f"The code of revision {name} must not be retried: {state.code.given_up[name]}."]
        return ["The code of this revision waits for a person."] if name in state.code.waiting else []

    def _is_due(self, state: SweepState, context: Context) -> bool:
        if len(state.code.revisions) >= len(NAMES) or not any(node.mean is not None for node in context.tree):
            return False
        return is_due(self.author.settings, state, context)

    def _take_reviews(self, state: SweepState, record: Record) -> None:
        if state.code.waiting:
            seen = self.author.reviewer.decisions(self.author.workspace, list(state.code.waiting))
            record(*(CodeReview(self.author.clock(), *decision) for decision in seen))

    def _unrun(self, state: SweepState, batch: Sequence[Proposal]) -> list[str]:
        """Revisions that a person has accepted and that no trial runs yet."""
        run = {proposal.values.get(self._key) for proposal in batch}
        run |= {trial.values.get(self._key) for trial in state.search_trials()}
        return [name for name in state.code.accepted if name not in run]

    def _taken_back(self, state: SweepState, context: Context, slot: Slot, batch: Sequence[Proposal]) -> list[Proposal]:
        """The parameters of the best configuration that was run again, with the code that its own was made of, once per
        revision: what the code gives is then known apart from what the parameters gave that were tuned after it.
        """
        recordings = context.recordings
        best = next((node for node in recordings.ranked if len(recordings.of_node(node)) >= CREDITED), None)
        name = BASE if best is None else str(best.values.get(self._key, BASE))
        if best is None or name == BASE:
            return []
        before = state.code.origin(name)
        if name in self._credited(state) or twin(recordings, best, self._key, before) is not None:
            return []
        proposal = mutate(
            context,
            slot,
            best.id,
            {**best.values, self._key: before},
            strategy=TAKEN_BACK,
            source="code",
            hypothesis=f"The code of revision {name} gives its gain at these parameters too.",
            note=f"the code of {name} back at {before}, everything else as in trial {best.id}",
        )
        return [] if check(context, proposal, batch) else [proposal]

    def _credited(self, state: SweepState) -> set[Any]:
        """Revisions that a trial was spent on already, to learn what their code gives."""
        asked = [trial.proposal for trial in state.search_trials()]
        parents = [p.parent for p in asked if p.strategy == TAKEN_BACK and p.parent is not None]
        return {state.trials[parent].values.get(self._key) for parent in parents}

    @property
    def _key(self) -> str:
        return self.author.settings.key

    def _proposed(
        self,
        state: SweepState,
        context: Context,
        slot: Slot,
        name: str | None,
        strategy: str,
        batch: Sequence[Proposal],
    ) -> list[Proposal]:
        if name is None or name in state.code.waiting or name in state.code.given_up:
            return []
        revision = state.code.revisions[name]
        start = state.trials[revision.parent]
        parent = start.number if start.number in context.tree else None
        values = {**start.values, self._key: name}
        note = f"revision {name} ({revision.revision[:12]}): {revision.rationale}"
        proposal = mutate(
            context, slot, parent, values, strategy=strategy, source="code", hypothesis=revision.hypothesis, note=note
        )
        reasons = check(context, proposal, batch)
        if reasons:
            log.warning("The code of revision %s cannot run: %s", name, " ".join(reasons))
        return [] if reasons else [proposal]
