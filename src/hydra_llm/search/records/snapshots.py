"""Snapshots of a block: the protocol that it runs under from its start, and at its end the memory and the selection
scores.

They are functions of the event log, so a file that was lost is written again with the same text. A block is at its end
when its last trial is recorded; trials of the next one may be running by then and leave no trace in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hydra_llm.atomic_write import write_text
from hydra_llm.search.log.events import BlockRecord
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records import ucb_scores
from hydra_llm.search.records.memory_text import memory_text, regime_text
from hydra_llm.search.selection.base import SelectionPolicy, rank
from hydra_llm.search.settings import Settings


class BlockSnapshots:
    """Writes what is missing; a block that was settled is looked at once."""

    def __init__(self, folder: Path, settings: Settings, policy: SelectionPolicy) -> None:
        self._folder = folder
        self._settings = settings
        self._policy = policy
        self._settled: set[int] = set()

    def write(self, state: SweepState, over: bool = False) -> None:
        """Snapshots of all blocks at their end; `over`: the sweep is, so the last block counts, however short."""
        self._protocols(state)
        if not self._settings.n_iter_block:
            return
        for record in state.blocks:
            if record.index in self._settled or not is_settled(record.index, state, over):
                continue
            for name, text in texts(record, state, self._settings, self._policy).items():
                self._put(name, text)
            if record.index < len(state.blocks):
                self._settled.add(record.index)  # a last block may go on when more trials are granted

    def _protocols(self, state: SweepState) -> None:
        """Every version of the protocol, with the edit that led to it: also the one that an edit at the end of the
        latest block left behind.
        """
        for block in range(1, len(state.blocks) + 2):
            text = state.protocol_copy.document(block)
            if text and block not in self._settled:
                self._put(f"protocol/block_{block:03d}.md", text)

    def _put(self, name: str, text: str) -> None:
        path = self._folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)


def is_settled(index: int, state: SweepState, over: bool) -> bool:
    """Whether a block takes no more trials and all of its trials ended."""
    closed = over or index < len(state.blocks)
    return closed and all(trial.state.is_finished for trial in state.block_trials(index))


def texts(record: BlockRecord, state: SweepState, settings: Settings, policy: SelectionPolicy) -> dict[str, str]:
    """Relative path -> text of a block at its end."""
    name = f"block_{record.index:03d}"
    ranking = rank(policy, state.trees[record.index].arms(), np.random.default_rng([settings.seed, record.index]))
    return {
        f"memory/{name}_memory.md": f"{heading(record)}\n{memory_text(state, settings, record.index)}",
        f"ucb/{name}.txt": ucb_scores.ucb_table(state, ranking, settings, policy, record.index),
    }


def heading(record: BlockRecord) -> str:
    """Which block, its regime, and who chose that."""
    lines = [f"# Block {record.index}: {regime_text(record)}", ""]
    if record.chosen_by:
        lines.append(f"Chosen by: {record.chosen_by}" + (f", {record.reason}" if record.reason else ""))
    if record.refused:
        lines.append(f"A choice was refused: {record.refused}")
    return "\n".join(lines) + "\n"
