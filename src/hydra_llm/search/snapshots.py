"""Snapshots of a block at its end: the protocol that it ran under, the memory, the selection scores.

They are functions of the event log, so a file that was lost is written again with the same text. A block is at its end
when its last trial is told; trials of the next one may be running by then and leave no trace in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hydra_llm.search import results, tables
from hydra_llm.search.selection.base import SelectionPolicy, rank
from hydra_llm.search.settings import Settings
from hydra_llm.search.state import BlockRecord, SweepState


class Snapshots:
    """Writes what is missing; a block that was settled is looked at once."""

    def __init__(self, folder: Path, settings: Settings, policy: SelectionPolicy) -> None:
        self._folder = folder
        self._settings = settings
        self._policy = policy
        self._settled: set[int] = set()

    def write(self, state: SweepState, over: bool = False) -> None:
        """Snapshots of all blocks at their end; `over`: the sweep is, so the last block counts, however short."""
        if not self._settings.n_iter_block:
            return
        for record in state.blocks:
            if record.index in self._settled or not is_settled(record.index, state, over):
                continue
            for name, text in texts(record, state, self._settings, self._policy).items():
                path = self._folder / name
                if not path.is_file() or path.read_text(encoding="utf-8") != text:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    results.write_aside(path, text)
            if record.index < len(state.blocks):
                self._settled.add(record.index)  # a last block may go on when more trials are granted


def is_settled(index: int, state: SweepState, over: bool) -> bool:
    """Whether a block takes no more trials and all of its trials ended."""
    closed = over or index < len(state.blocks)
    return closed and all(trial.state.is_finished for trial in state.block_trials(index))


def texts(record: BlockRecord, state: SweepState, settings: Settings, policy: SelectionPolicy) -> dict[str, str]:
    """Relative path -> text; no protocol where the block ran without one."""
    name = f"block_{record.index:03d}"
    ranking = rank(policy, state.trees[record.index].arms(), np.random.default_rng([settings.seed, record.index]))
    found = {
        f"memory/{name}_memory.md": f"{heading(record)}\n{results.memory_text(state, settings, record.index)}",
        f"ucb/{name}.txt": tables.ucb_table(state, ranking, settings, policy, record.index),
    }
    if state.protocols[record.index]:
        found[f"protocol/{name}.md"] = state.protocols[record.index]
    return found


def heading(record: BlockRecord) -> str:
    """Which block, its simulation, and who chose that."""
    regime = ", ".join(f"{key}={value}" for key, value in record.values.items()) or "simulation as configured"
    lines = [f"# Block {record.index}: {regime}", ""]
    if record.chosen_by:
        lines.append(f"Chosen by: {record.chosen_by}" + (f", {record.reason}" if record.reason else ""))
    if record.refused:
        lines.append(f"A choice was refused: {record.refused}")
    return "\n".join(lines) + "\n"
