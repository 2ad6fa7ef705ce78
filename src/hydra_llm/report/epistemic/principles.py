"""What the sweep holds true, with its evidence from the records and the confidence that follows from counts."""

from __future__ import annotations

from dataclasses import dataclass

from hydra_llm.report.epistemic.confidence import confidence, level
from hydra_llm.search.annotations import evidence_of
from hydra_llm.search.log.memory_entries import FALSIFIED, MemoryEntry, fold
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.memory.evidence import Evidence, judge


@dataclass(frozen=True)
class Principle:
    """`rejected` counts falsified entries on the same parameter: the alternatives that were excluded."""

    entry: MemoryEntry
    evidence: Evidence
    rejected: int
    confidence: float
    level: str


def principles(sweep: Sweep) -> list[Principle]:
    """Every principle that stands in the memory, falsified ones too, the most certain first."""
    state = sweep.state
    entries = fold(state.edits, state.start_memory.principles)
    records = evidence_of(state, sweep.settings)
    judged = [(e, judge(e, records, entries)) for e in entries.values() if e.kind == "principle"]
    rejected: dict[str, int] = {}
    for _, found in judged:
        if found.level == FALSIFIED and found.claim is not None:
            rejected[found.claim.key] = rejected.get(found.claim.key, 0) + 1
    regimes = {block.index: str(sorted(block.values.items())) for block in state.blocks}
    rows = []
    for entry, found in judged:
        alternatives = 0
        if found.claim is not None:
            alternatives = rejected.get(found.claim.key, 0) - (found.level == FALSIFIED)
        value = confidence(
            len(found.support),
            alternatives,
            len(found.blocks),
            variance_seen=any(state.trees[block].noise_floor > 0 for block in found.blocks),
            single_regime=len({regimes[block] for block in found.blocks}) <= 1,
        )
        rows.append(Principle(entry, found, alternatives, value, level(value)))
    return sorted(rows, key=lambda p: (p.evidence.level == FALSIFIED, -p.confidence, p.entry.number))
