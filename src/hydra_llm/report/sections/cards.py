"""Trial cards: what one trial was, as plain data for the script of the page, which sets every text as text."""

from __future__ import annotations

from typing import Any

from hydra_llm.report.effect import effect
from hydra_llm.report.sections.cost import by_batch
from hydra_llm.report.svg import short
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.authors import author, byline
from hydra_llm.search.records.front import result_text
from hydra_llm.search.statistics.pool_record import standing_text
from hydra_llm.search.trial.trial import Trial

MOST_TEXT = 1200  # characters of a traceback or another text on a card
MOST_METRICS = 40


def cards(sweep: Sweep, when: Timeline, pictures: dict[int, list[dict[str, str]]]) -> dict[str, dict[str, Any]]:
    """By trial number, as text because JSON has no other keys."""
    words: dict[int, list[dict[str, Any]]] = {}
    for note in sweep.state.notes:
        if note.number is not None:
            entry = {"text": _clip(note.text), "by": note.by, "mode": note.mode, "confidence": note.confidence}
            words.setdefault(note.number, []).append(entry)
    costs = by_batch(sweep)
    return {
        str(number): _card(sweep, trial, when, words.get(number, []), pictures.get(number, []))
        | ({"cost": costs[number]} if number in costs else {})
        for number, trial in sweep.state.trials.items()
    }


def _card(
    sweep: Sweep, trial: Trial, when: Timeline, words: list[dict[str, Any]], pictures: list[dict[str, str]]
) -> dict[str, Any]:
    proposal, state, objective = trial.proposal, sweep.state, sweep.settings.objective
    card: dict[str, Any] = {
        "n": trial.number,
        "block": trial.block,
        "state": trial.state.value,
        "value": trial.value,
        "score": objective.score(trial.value) if trial.value is not None else None,
        "asked": when.asked.get(trial.number, 0),
        "told": when.told.get(trial.number),
        "role": proposal.role,
        "strategy": proposal.strategy,
        "by": _clip(byline(author(trial, sweep.settings.space)), 300),
        "author": proposal.provenance.label,
        "values": trial.values,
    }
    if sweep.settings.objectives is not None and trial.value is not None:
        card["result"] = result_text(trial, sweep.settings)
    tree = state.trees.get(trial.block)
    if trial.purpose == "search" and tree is not None and trial.number in tree:
        node = tree.node(trial.number)
        card["node"] = node.id
        card["diff"] = difference(sweep, trial)
        found = effect(tree, node, objective)
        if found is not None:
            card["effect"] = {"change": found.change, "gain": found.gain, "certainty": found.certainty}
    else:
        card["purpose"], card["budget"], card["parent"] = trial.purpose, trial.budget, proposal.parent
    prediction = proposal.prediction
    if prediction is not None:
        card["prediction"] = {
            "low": prediction.low,
            "high": prediction.high,
            "statement": _clip(prediction.statement),
            "refuted_if": _clip(prediction.refuted_if),
            "holds": None if trial.value is None else prediction.low <= trial.value <= prediction.high,
        }
    optional = {
        "attempt": trial.attempt if trial.attempt > 1 else None,
        "hypothesis": _clip(proposal.hypothesis),
        "note": _clip(proposal.note),
        "principle": _clip(proposal.principle),
        "pool": standing_text(trial, objective),
        "seeds": trial.seeds,
        "metrics": {name: trial.metrics[name] for name in list(trial.metrics)[:MOST_METRICS]},
        "seconds": trial.duration,
        "error": None if trial.error is None else _clip(str(trial.error)),
        "traceback": None if trial.error is None else trial.error.traceback[-MOST_TEXT:],
        "words": words,
        "pictures": pictures,
    }
    return card | {name: value for name, value in optional.items() if value not in (None, "", {}, [])}


def difference(sweep: Sweep, trial: Trial) -> list[list[Any]]:
    """[parameter, parent's value, own value] for what moved; None as the parent's value for a root that left the
    baseline.
    """
    if trial.proposal.changes:
        return [[change.key, change.old, change.new] for change in trial.proposal.changes]
    if trial.proposal.parent is not None:
        return []
    baseline = sweep.settings.space.baseline()
    names = sweep.settings.space.changed(baseline, trial.values)
    return [[name, baseline.get(name), trial.values.get(name)] for name in names]


def changes_text(changes: list[list[Any]]) -> str:
    return "; ".join(f"{key.split('.')[-1]} {short(old)} → {short(new)}" for key, old, new in changes)


def _clip(text: str, most: int = MOST_TEXT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
