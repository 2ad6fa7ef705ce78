"""Two or more trials, or two or more sweeps, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.number_text import value_text
from hydra_llm.search.records import confirmation
from hydra_llm.search.records.authors import BASELINE, author, author_label, byline
from hydra_llm.search.records.front import on_front
from hydra_llm.search.trial.trial import Trial

Row = tuple[str, ...]


def compare_trials(sweep: Sweep, trials: Sequence[Trial]) -> tuple[Row, list[Row]]:
    """(head, rows): every parameter, seed and metric in which the trials differ, then what each was."""
    head = ("", *(f"trial {trial.number}" for trial in trials))
    facts: list[tuple[str, list[Any]]] = [
        ("state", [trial.state.value for trial in trials]),
        ("parent", [trial.proposal.parent for trial in trials]),
        ("role", [trial.proposal.role for trial in trials]),
        ("proposer", [author(trial, sweep.settings.space) for trial in trials]),
        (sweep.settings.objective.name, [trial.value for trial in trials]),
        *_on_front(sweep, trials),
    ]
    differing: list[tuple[str, list[Any]]] = []
    for part in ("values", "seeds", "metrics"):
        names = dict.fromkeys(name for trial in trials for name in getattr(trial, part))
        differing += [(name, [getattr(trial, part).get(name) for trial in trials]) for name in names]
    moved = [(name, row) for name, row in differing if any(value != row[0] for value in row)]
    rows = [*facts, *(row for row in moved if row not in facts)]  # the metric of the search is among the metrics too
    return head, [(name, *map(_text, values)) for name, values in rows]


def _on_front(sweep: Sweep, trials: Sequence[Trial]) -> list[tuple[str, list[Any]]]:
    """A row where there are several objectives."""
    if sweep.settings.objectives is None:
        return []
    members = on_front(sweep.state)
    return [("on the Pareto front", ["yes" if trial.number in members else "no" for trial in trials])]


def compare_sweeps(sweeps: Sequence[Sweep]) -> tuple[Row, list[Row]]:
    """(head, rows): counts, best and baseline of each sweep, and what a confirmation on fresh seeds said."""
    head = ("", *(sweep.folder.resolve().name for sweep in sweeps))
    columns = [_facts(sweep) for sweep in sweeps]
    names = dict.fromkeys(name for column in columns for name in column)
    return head, [(name, *(_text(column.get(name)) for column in columns)) for name in names]


def _facts(sweep: Sweep) -> dict[str, Any]:
    state, objective, several = sweep.state, sweep.settings.objective, sweep.settings.objectives
    best = state.best()
    facts: dict[str, Any] = {
        **_goal(sweep),
        "trials": len(state.search_trials()),
        "failed": sum(trial.state.is_bad for trial in state.search_trials()),
        "blocks": len(state.blocks),
        "ended": sweep.ended or "not yet",
    }
    if best is not None:
        node, root = state.trees[best.block].node(best.number), state.baseline(best.block)
        facts["best trial" if several is None else "nearest to the ideal point"] = best.number
        if several is not None:
            facts["configurations on the Pareto front"] = len(state.front)
        elif objective.direction != "target":
            facts["best, as selected"] = None if node.mean is None else objective.value_of_score(node.mean)
            if root is not None and root.mean is not None:
                facts["baseline"] = objective.value_of_score(root.mean)
    facts |= _by_proposer(sweep)
    for item in confirmation.compare(state):
        if item.difference is not None:
            error = "" if item.standard_error is None else f" +/- {item.standard_error:.3g}"
            facts[f"confirmed difference, {item.budget} budget"] = f"{item.difference:+.4g}{error}"
    return facts


def _goal(sweep: Sweep) -> dict[str, str]:
    objective, several = sweep.settings.objective, sweep.settings.objectives
    if several is None:
        return {"metric": objective.name, "direction": objective.direction}
    return {"metric": ", ".join(several.names), "direction": ", ".join(several.directions)}


def _by_proposer(sweep: Sweep) -> dict[str, str]:
    """Who proposed how many trials, and the best of them against the baseline of its block: the mean difference of the
    score (larger is better) over the recordings that both ran on.
    """
    state = sweep.state
    trials: dict[str, list[Trial]] = {}
    for trial in state.search_trials():
        trials.setdefault(_author(trial, sweep), []).append(trial)
    if sweep.settings.objectives is not None:
        return {byline(who): _count(theirs) for who, theirs in trials.items()}
    gains = {}  # by node; a rerun belongs to who proposed the configuration
    for block, tree in state.trees.items():
        recordings = state.recordings(block)
        start = tree.baseline or tree.root  # a block that goes on in a regime starts at its leader
        pairs = {node.id: recordings.pair(node, start) for node in tree if start and node is not start}
        gains |= {number: pair.mean for number, pair in pairs.items() if pair is not None}
    facts = {}
    for who, theirs in trials.items():
        count = _count(theirs)
        best = max(
            (trial.number for trial in theirs if trial.number in gains), key=lambda number: gains[number], default=None
        )
        facts[byline(who)] = count if best is None else f"{count}, best gain {gains[best]:+.4g} (trial {best})"
    return facts


def _count(trials: Sequence[Trial]) -> str:
    return f"{len(trials)} trial{'s' if len(trials) != 1 else ''}"


def _author(trial: Trial, sweep: Sweep) -> str:
    """The proposer, and for whom it stepped in."""
    instead = trial.proposal.provenance.fallback_reason.partition(" failed")[0]
    who = author_label(trial, sweep.settings.space)
    return f"{who}, in place of {instead}" if instead and who != BASELINE else who


def _text(value: Any) -> str:
    return "-" if value is None else value_text(value, 6)
