"""Two or more trials, or two or more sweeps, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.number_text import value_text
from hydra_llm.search.records import confirmation
from hydra_llm.search.trial.trial import Trial

Row = tuple[str, ...]


def compare_trials(sweep: Sweep, trials: Sequence[Trial]) -> tuple[Row, list[Row]]:
    """(head, rows): every parameter, seed and metric in which the trials differ, then what each was."""
    head = ("", *(f"trial {trial.number}" for trial in trials))
    facts: list[tuple[str, list[Any]]] = [
        ("state", [trial.state.value for trial in trials]),
        ("parent", [trial.proposal.parent for trial in trials]),
        ("role", [trial.proposal.role for trial in trials]),
        ("proposer", [trial.proposal.provenance for trial in trials]),
        (sweep.settings.objective.name, [trial.value for trial in trials]),
    ]
    differing: list[tuple[str, list[Any]]] = []
    for part in ("values", "seeds", "metrics"):
        names = dict.fromkeys(name for trial in trials for name in getattr(trial, part))
        differing += [(name, [getattr(trial, part).get(name) for trial in trials]) for name in names]
    rows = [*facts, *((name, values) for name, values in differing if any(value != values[0] for value in values))]
    return head, [(name, *map(_text, values)) for name, values in rows]


def compare_sweeps(sweeps: Sequence[Sweep]) -> tuple[Row, list[Row]]:
    """(head, rows): counts, best and baseline of each sweep, and what a confirmation on fresh seeds said."""
    head = ("", *(sweep.folder.resolve().name for sweep in sweeps))
    columns = [_facts(sweep) for sweep in sweeps]
    names = dict.fromkeys(name for column in columns for name in column)
    return head, [(name, *(_text(column.get(name)) for column in columns)) for name in names]


def _facts(sweep: Sweep) -> dict[str, Any]:
    state, objective = sweep.state, sweep.settings.objective
    best = state.best()
    facts: dict[str, Any] = {
        "metric": objective.name,
        "direction": objective.direction,
        "trials": len(state.search_trials()),
        "failed": sum(trial.state.is_bad for trial in state.search_trials()),
        "blocks": len(state.blocks),
        "ended": sweep.ended or "not yet",
    }
    if best is not None:
        node, root = state.trees[best.block].node(best.number), state.trees[best.block].root
        facts["best trial"] = best.number
        if objective.direction != "target":
            facts["best, as selected"] = None if node.mean is None else objective.value_of_score(node.mean)
            if root is not None and root.mean is not None:
                facts["baseline"] = objective.value_of_score(root.mean)
    for item in confirmation.compare(state):
        if item.difference is not None:
            error = "" if item.standard_error is None else f" +/- {item.standard_error:.3g}"
            facts[f"confirmed difference, {item.budget} budget"] = f"{item.difference:+.4g}{error}"
    return facts


def _text(value: Any) -> str:
    return "-" if value is None else value_text(value, 6)
