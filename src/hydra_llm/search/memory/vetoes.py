"""What code has to say before an edit of the memory is applied: refused, changed, or as it is; with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hydra_llm.search.context import ORACLE_PREFIX
from hydra_llm.search.log.events import MemoryEdit
from hydra_llm.search.log.memory_entries import (
    ESTABLISHED,
    FALSIFIED,
    LEVELS,
    QUESTION,
    MemoryEntry,
    fold,
    kind_of,
    same_text,
)
from hydra_llm.search.memory.evidence import Evidence, EvidenceBase, judge
from hydra_llm.search.space.space import Space
from hydra_llm.search.statistics.claims import claim_problem
from hydra_llm.search.statistics.progress import band

NOISE_FLOORS = 2  # by which an oracle may lie above the best run by chance
MAX_ENTRIES = 200  # beyond, something has to be removed before anything is added
_CEILING = re.compile(
    r"ceiling|(fundamental|identifiab\w*|theoretical|hard|intrinsic) (limit|bound)|upper (limit|bound)|unidentifiab"
    r"|(can ?not|can't|never|impossible to) (be )?(exceed|pass|surpass|reach|improve|recover)|saturat"
    r"|best (possible|achievable)|limit of the data|data.limited",
    re.IGNORECASE,
)


def vetted(
    edit: MemoryEdit, edits: Iterable[MemoryEdit], given: Iterable[str], records: EvidenceBase, space: Space
) -> MemoryEdit:
    """The edit with its outcome. An entry is judged by the records at hand: a level above what they support is lowered,
    a statement of a limit needs an oracle that stops there.
    """
    given = tuple(given)
    edits = tuple(edits)
    entries = fold(edits, given)
    refusal = _refusal(edit, entries, records)
    if refusal:
        return replace(edit, outcome="refused", reason=refusal)
    notes = []
    if edit.claim is not None:
        problem = claim_problem(edit.claim, space)
        if problem:
            edit = replace(edit, claim=None)
            notes.append(f"The claim is left out: {problem}")
    if kind_of(edit.section) != "principle" or edit.action == "remove":
        return _with(edit, notes)
    if edit.action != "demote" and states_a_ceiling(edit.text):
        problem = ceiling_problem(edit.trials, records)
        if problem:
            if edit.action == "revise":
                return replace(edit, outcome="refused", reason=problem)
            return _with(replace(edit, section=QUESTION), [*notes, f"Kept as an open question: {problem}"])
    if edit.action in ("add", "revise"):
        evidence = _after(edit, edits, given, records)
        if edit.section in LEVELS and evidence.level != edit.section:
            notes.append(
                f"Asked for {edit.section}; the records make it {evidence.level} ({evidence.why or 'tested'})."
            )
    return _with(edit, notes)


def _refusal(edit: MemoryEdit, entries: Mapping[str, MemoryEntry], records: EvidenceBase) -> str:
    if edit.action == "add":
        if len(entries) >= MAX_ENTRIES:
            return f"The memory holds {len(entries)} entries. Remove what is settled first."
        double = same_text(edit.text, entries, kind_of(edit.section))
        return f"This is {double} already. Revise it, or leave it." if double else ""
    entry = entries.get(edit.entry or "")
    if entry is None:
        known = ", ".join(entries) or "none"
        return f"There is no entry {(edit.entry or '')[:80]!r}. Entries: {known}."
    if edit.action == "revise":
        if kind_of(edit.section) != entry.kind:
            return f"{entry.name} is no {edit.section}. Remove it and add another entry."
        return ""
    level = judge(entry, records, entries).level if entry.kind == "principle" else ""
    if edit.action == "remove" and level in (ESTABLISHED, FALSIFIED):
        return f"{entry.name} is {level} by the records and stays, so that it is not forgotten. Demote or revise it."
    if edit.action == "demote":
        if entry.kind != "principle":
            return f"{entry.name} has no level to be lowered."
        if edit.section not in LEVELS or LEVELS.index(edit.section) >= LEVELS.index(level):
            return f"{entry.name} is {level}; {edit.section} is not below that."
    return ""


def _after(edit: MemoryEdit, edits: tuple[MemoryEdit, ...], given: tuple[str, ...], records: EvidenceBase) -> Evidence:
    """The evidence for the entry as this edit leaves it."""
    entries = fold([*edits, edit], given)
    name = edit.entry if edit.action != "add" else list(entries)[-1]
    return judge(entries[name or ""], records, entries)


def _with(edit: MemoryEdit, notes: list[str]) -> MemoryEdit:
    return replace(edit, outcome="changed", reason=" ".join(notes)) if notes else edit


def states_a_ceiling(text: str) -> bool:
    """Whether a sentence says that the score cannot get beyond something."""
    return bool(_CEILING.search(text))


def ceiling_problem(numbers: Iterable[int], records: EvidenceBase) -> str:
    """Why a limit may not be claimed from these trials, "" if the oracle of their data stops where the best did.

    A limit read off from a score is a claim about data, and only the oracle speaks for data. It stops there if it is no
    further above, on the scale of tree/recordings.py, than the width within which results of the block count as one, or
    than the noise of single runs.
    """
    objective, wanted = records.objective, set(numbers)
    trials = [t for t in records.trials if t.number in wanted and t.value is not None]
    best = max(trials, key=lambda t: objective.score(t.value), default=None)  # type: ignore[arg-type]
    if best is None or best.value is None:
        return "a limit needs finished trials that show it."
    name = ORACLE_PREFIX + objective.name
    oracle = best.metrics.get(name)
    if oracle is None:
        return f"a limit is a claim about the data, and these trials bring no {name} to check it with."
    block = records.recordings[best.block]
    room = block.scaled(objective.score(oracle)) - block.scaled(objective.score(best.value))
    if room > max(band(list(block.estimates.values())), NOISE_FLOORS * block.noise_floor):
        return (
            f"the oracle of trial {best.number} reaches {oracle:.4g} where the training stops at {best.value:.4g}, "
            "so the data are not the limit."
        )
    return ""
