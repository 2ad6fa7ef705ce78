"""Two or more trials, or two or more sweeps, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.number_text import value_text
from hydra_llm.search.records import confirmation
from hydra_llm.search.tree.recordings import Recordings
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
        node, root = state.trees[best.block].node(best.number), state.baseline(best.block)
        facts["best trial"] = best.number
        if objective.direction != "target":
            facts["best, as selected"] = None if node.mean is None else objective.value_of_score(node.mean)
            if root is not None and root.mean is not None:
                facts["baseline"] = objective.value_of_score(root.mean)
    facts |= _by_proposer(sweep)
    for item in confirmation.compare(state):
        if item.difference is not None:
            error = "" if item.standard_error is None else f" +/- {item.standard_error:.3g}"
            facts[f"confirmed difference, {item.budget} budget"] = f"{item.difference:+.4g}{error}"
    return facts


def _by_proposer(sweep: Sweep) -> dict[str, str]:
    """Who proposed how many trials, and the best of them against the baseline of its block: the mean difference of the
    score (larger is better) over the recordings that both ran on.
    """
    state, objective = sweep.state, sweep.settings.objective
    trials: dict[str, list[Trial]] = {}
    for trial in state.search_trials():
        trials.setdefault(_author(trial), []).append(trial)
    gains = {}  # by node; a rerun belongs to who proposed the configuration
    for block, tree in state.trees.items():
        recordings = Recordings(tree, state.block_trials(block), objective)
        start = tree.baseline or tree.root  # a block that goes on in a regime starts at its leader
        pairs = {node.id: recordings.pair(node, start) for node in tree if start and node is not start}
        gains |= {number: pair.mean for number, pair in pairs.items() if pair is not None}
    facts = {}
    for who, theirs in trials.items():
        count = f"{len(theirs)} trial{'s' if len(theirs) != 1 else ''}"
        best = max(
            (trial.number for trial in theirs if trial.number in gains), key=lambda number: gains[number], default=None
        )
        facts[f"by {who}"] = count if best is None else f"{count}, best gain {gains[best]:+.4g} (trial {best})"
    return facts


def _author(trial: Trial) -> str:
    """The proposer, and for whom it stepped in."""
    provenance = trial.proposal.provenance
    instead = provenance.fallback_reason.partition(" failed")[0]
    return f"{provenance.label or 'unknown'}{f', in place of {instead}' if instead else ''}"


def _text(value: Any) -> str:
    return "-" if value is None else value_text(value, 6)
