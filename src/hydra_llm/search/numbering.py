"""Numbers and seeds of the next trials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra_llm.search.confirmation_plan import ConfirmationRun
from hydra_llm.search.log.events import AskedTrial
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial import seeds
from hydra_llm.search.trial.trial import Proposal


class Numbering:
    """`next` is the number that the next trial gets: one above every number in the log and every numeric folder that
    was there, since a number never serves two candidates.
    """

    def __init__(self, state: SweepState, settings: Settings, folder: Path) -> None:
        self._state = state
        self._settings = settings
        folders = [int(path.name) for path in folder.iterdir() if path.is_dir() and path.name.isdigit()]
        self.next = 1 + max([-1, *state.trials, *folders])

    def search(self, proposals: Sequence[Proposal]) -> tuple[AskedTrial, ...]:
        """A batch of the search, with the seeds of the n-th run of each configuration."""
        asked = []
        for proposal, run in zip(proposals, self._runs(proposals), strict=True):
            run_seeds = self._run_seeds(run)
            asked.append(AskedTrial(self._take(), proposal, run_seeds))
        return tuple(asked)

    def confirmation(self, runs: Sequence[ConfirmationRun]) -> tuple[AskedTrial, ...]:
        return tuple(
            AskedTrial(self._take(), run.proposal(slot), run.seeds, "confirm", run.budget)
            for slot, run in enumerate(runs)
        )

    def _take(self) -> int:
        self.next += 1
        return self.next - 1

    def _runs(self, proposals: Sequence[Proposal]) -> list[int]:
        """For each proposal, how many runs its configuration already has, those earlier in the batch included."""
        seen: dict[str, int] = {}
        numbers = []
        for proposal in proposals:
            key = self._settings.space.key(proposal.values)
            node = self._state.tree.find(proposal.values)
            numbers.append((len(node.trials) if node else 0) + seen.get(key, 0))
            seen[key] = seen.get(key, 0) + 1
        return numbers

    def _run_seeds(self, run: int) -> dict[str, int]:
        """Of the next trial, which is the n-th run of its configuration."""
        if self._settings.fresh_seeds:
            return seeds.fresh_seeds(self._settings.seed, self._settings.seed_keys, self.next)
        return seeds.replicate_seeds(self._settings.seed, self._settings.seed_keys, run)
