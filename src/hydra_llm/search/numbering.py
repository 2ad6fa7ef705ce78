"""Numbers and seeds of the next trials."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra_llm.search.confirmation_plan import ConfirmationRun
from hydra_llm.search.log.events import AskedTrial
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.promotion import full_run
from hydra_llm.search.settings import Settings
from hydra_llm.search.tree.recordings import Seeds, seeds_of
from hydra_llm.search.trial.seeds import fresh_seeds, replicate_seeds
from hydra_llm.search.trial.trial import PROMOTED, Proposal


class Numbering:
    """`next` is the number that the next trial gets: one above every number in the log and every numeric folder that
    was there, since a number never serves two candidates.
    """

    def __init__(self, state: SweepState, settings: Settings, folder: Path | None) -> None:
        self._state = state
        self._settings = settings
        there = [] if folder is None else folder.iterdir()
        folders = [int(path.name) for path in there if path.is_dir() and path.name.isdigit()]
        self.next = 1 + max([-1, *state.trials, *folders])

    def search(self, proposals: Sequence[Proposal]) -> tuple[AskedTrial, ...]:
        """A batch of the search: each run on the recording of its block that its proposal names, or else on the first
        one of the block that its configuration was not run on, or on a new one.
        """
        asked: list[AskedTrial] = []
        for proposal in proposals:
            seeds = self._seeds(proposal, asked)
            asked.append(AskedTrial(self._take(), proposal, seeds))
        return tuple(asked)

    def confirmation(self, runs: Sequence[ConfirmationRun]) -> tuple[AskedTrial, ...]:
        return tuple(
            AskedTrial(self._take(), run.proposal(slot), run.seeds, "confirm", run.budget)
            for slot, run in enumerate(runs)
        )

    def promotion(self, roles: Mapping[int, str]) -> tuple[AskedTrial, ...]:
        """Full runs of earlier trials, each on the recording of its trial."""
        earlier = [(self._state.trials[number], role) for number, role in roles.items()]
        return tuple(
            AskedTrial(self._take(), full_run(trial, role, slot), trial.seeds, PROMOTED, "full")
            for slot, (trial, role) in enumerate(earlier)
        )

    def _take(self) -> int:
        self.next += 1
        return self.next - 1

    def _seeds(self, proposal: Proposal, batch: Sequence[AskedTrial]) -> dict[str, int]:
        seed, keys = self._settings.seed, self._settings.seed_keys
        if self._settings.fresh_seeds:
            return fresh_seeds(seed, keys, self.next)
        index = self._state.blocks[-1].index
        earlier = self._state.same_regime(index)
        known = list(
            dict.fromkeys(map(seeds_of, [*self._state.block_trials(index), *batch]))
        )  # as the block numbers them
        if proposal.recordings and keys:
            place = proposal.recordings[0] - 1
            seen = [seeds_of(trial) for block in earlier for trial in self._state.block_trials(block)]
            return dict(known[place]) if place < len(known) else _first_new(seed, keys, [*known, *seen])
        nodes = [
            node for block in (*earlier, index) if (node := self._state.trees[block].find(proposal.values)) is not None
        ]
        own = [self._state.trials[number] for node in nodes for number in node.trials]
        key = self._settings.space.key(proposal.values)
        own_batch = [asked for asked in batch if self._settings.space.key(asked.proposal.values) == key]
        used = [seeds_of(run) for run in [*own, *own_batch]]
        left = next((seeds for seeds in known if seeds not in used), None)
        return _first_new(seed, keys, used) if left is None else dict(left)


def _first_new(seed: int, keys: Sequence[str], used: Sequence[Seeds]) -> dict[str, int]:
    """The seeds of the first recording that is not among those used; without keys there is but one."""
    if not keys:
        return {}
    drawn = (replicate_seeds(seed, keys, run) for run in itertools.count())
    return next(seeds for seeds in drawn if tuple(sorted(seeds.items())) not in used)
