"""What a proposer that reads is told beside the numbers: memory, its own predictions, the protocol's evaluation, what a
person wrote.
"""

from __future__ import annotations

from typing import Any

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.block_evaluation import evaluate, lines
from hydra_llm.search.memory.predictions import calibration, fates, forecasts, refutations, summary
from hydra_llm.search.records.confirmation import summary_lines
from hydra_llm.search.records.full_budget import ranking
from hydra_llm.search.records.memory_text import established, knowledge
from hydra_llm.search.settings import Settings

REFUSED_SHOWN = 6  # latest memory edits that were not taken as they were
NOTES_SHOWN = 10  # latest texts of a person


def briefing(state: SweepState, settings: Settings, *, review: bool) -> dict[str, Any]:
    """Fields of a Context, by name."""
    latest = state.edits[-1].number if state.edits else None  # of the answer before: an older one was told already
    told = [e for e in state.edits if e.outcome != "applied" and e.number == latest][-REFUSED_SHOWN:]
    rows = [f"- {e.action} {e.entry or e.section} ({e.outcome}): {e.reason}" for e in told]
    memory = knowledge(state, settings, len(state.blocks), brief=True)
    if rows:
        memory += ["## Edits that were changed or refused", "", *rows]
    return {
        "full_recipe": ranking(state, settings.objective),
        "memory": "\n".join(memory).rstrip(),
        "predictions": summary(calibration(forecasts(state))),
        "observations": {n.number: n.text for n in state.notes if n.kind == "observation" and n.number is not None},
        "fates": fates(state),
        "refutations": refutations(state),
        "evaluation": "\n".join(_evaluation(state, settings)) if review else "",
        "principles": established(state, settings),
        "log_lines": settings.log_format.told,
        "lines_by_sight": settings.log_format.by_sight,
        "user_notes": tuple(note.text for note in state.user_notes[-NOTES_SHOWN:]),
        "is_review": review,
    }


def _evaluation(state: SweepState, settings: Settings) -> list[str]:
    block = state.blocks[-1].index
    records = state.recordings(block)
    found = evaluate(state.block_trials(block), records, settings.nominal_block, records.noise_floor)
    confirmed = summary_lines(state, settings.objective)
    return [*lines(found), *(f"- {line.strip()}" for line in confirmed)]
