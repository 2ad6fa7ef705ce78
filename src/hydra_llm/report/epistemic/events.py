"""Events of reasoning, read off the log: observations, hypotheses, edits of memory and protocol.

`told` is the mode in which the record itself stands: what the author of an observation named, or what the form of the
record says (a hypothesis with an interval is a prediction, with a quoted principle a deduction; a demoted principle is
a falsification). `coded` is the tag by markers, from the text alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from hydra_llm.report.effect import effect, level, scale_of
from hydra_llm.report.epistemic.markers import tag
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.log.memory_entries import fold
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.trial.reasoning import ReasoningMode
from hydra_llm.search.trial.trial import Trial

LOW, MEDIUM, HIGH = 1, 2, 3
AUTHOR, FORM = "author", "form"


@dataclass(frozen=True)
class ReasoningEvent:
    """`step` counts the results known when it was written: its iteration. `trials` are those that it speaks of."""

    index: int
    step: int
    block: int
    source: str  # observation | hypothesis | memory | protocol
    trials: tuple[int, ...]
    text: str
    told: ReasoningMode | None
    told_by: str  # AUTHOR or FORM, "" without a told mode
    coded: ReasoningMode | None
    confidence: float | None
    significance: int
    holds: bool | None = None  # of a hypothesis with an interval and a result
    entry: str = ""  # name of a memory entry, where it has one

    @property
    def mode(self) -> ReasoningMode | None:
        """The told mode, else the coded one."""
        return self.told or self.coded


def reasoning_events(sweep: Sweep, when: Timeline) -> list[ReasoningEvent]:
    """In order of writing; within one answer observations come before the hypotheses built on them."""
    weights = significance(sweep)
    drafts: list[tuple[int, int, dict]] = []
    drafts += [(step, 0, draft) for step, draft in _observations(sweep, when, weights)]
    drafts += [(step, 1, draft) for step, draft in _edits(sweep, when)]
    drafts += [(step, 2, draft) for step, draft in _hypotheses(sweep, when, weights)]
    drafts.sort(key=lambda item: (item[0], item[1], item[2]["trials"]))
    return [ReasoningEvent(index, step, **draft) for index, (step, _, draft) in enumerate(drafts)]


def significance(sweep: Sweep) -> dict[int, int]:
    """By trial: HIGH for a strong effect on the reward, LOW for none that is worth a colour."""
    objective = sweep.settings.objective
    found = {
        number: effect_
        for tree in sweep.state.trees.values()
        for node in tree
        if (effect_ := effect(tree, node, objective)) is not None
        for number in node.trials
    }
    scale = scale_of(found.values())
    return {number: (LOW, MEDIUM, HIGH, HIGH)[abs(level(e.gain, scale))] for number, e in found.items()}


def _observations(sweep: Sweep, when: Timeline, weights: dict[int, int]) -> list[tuple[int, dict]]:
    found = []
    for position, note in enumerate(sweep.state.notes):
        if note.kind != "observation":
            continue
        told = ReasoningMode(note.mode) if note.mode in list(ReasoningMode) else None
        step = when.notes[position]
        trials = () if note.number is None else (note.number,)
        found.append(
            (step, _draft("observation", note.block, trials, note.text, told, AUTHOR, weights, note.confidence))
        )
    return found


def _hypotheses(sweep: Sweep, when: Timeline, weights: dict[int, int]) -> list[tuple[int, dict]]:
    found = []
    for trial in sweep.state.search_trials():
        text = _statement(trial)
        if not text:
            continue
        prediction, quoted = trial.proposal.prediction, trial.proposal.principle
        told = ReasoningMode.DEDUCTION if quoted else ReasoningMode.PREDICTION if prediction is not None else None
        draft = _draft("hypothesis", trial.block, (trial.number,), text, told, FORM, weights)
        if prediction is not None and trial.value is not None:
            draft["holds"] = prediction.low <= trial.value <= prediction.high
        found.append((when.asked.get(trial.number, 0), draft))
    return found


def _statement(trial: Trial) -> str:
    prediction = trial.proposal.prediction
    return (prediction.statement if prediction is not None else "") or trial.proposal.hypothesis


def _edits(sweep: Sweep, when: Timeline) -> list[tuple[int, dict]]:
    """Edits of memory and protocol that took effect; a refused one changed nothing."""
    found = []
    edits, known = sweep.state.edits, set(fold((), sweep.state.start_memory.principles))
    for position, edit in enumerate(edits):
        if edit.outcome == "refused" or not edit.text:
            continue
        names = set(fold(edits[: position + 1], sweep.state.start_memory.principles))
        name = edit.entry or next(iter(names - known), "")
        known |= names
        told = None
        if edit.action == "demote" or edit.section == "falsified":
            told = ReasoningMode.FALSIFICATION
        elif edit.section in ("established", "tentative"):
            told = ReasoningMode.INDUCTION
        draft = _draft("memory", edit.block, tuple(edit.trials), edit.text, told, FORM, {})
        draft["significance"] = HIGH if edit.section == "established" else MEDIUM
        draft["entry"] = name
        found.append((when.asked.get(edit.number, when.steps), draft))
    for block, edit in sweep.state.protocol_copy.edits.items():
        if edit.rules is not None:
            draft = _draft("protocol", block, (), edit.reason, ReasoningMode.META, FORM, {}) | {"significance": HIGH}
            found.append((when.blocks.get(block + 1, when.steps), draft))
    for position, note in enumerate(sweep.state.notes):
        if note.kind == "memory":  # of older sweeps, which kept added entries as notes
            draft = _draft("memory", note.block, (), note.text, None, FORM, {})
            found.append((when.notes[position], draft | {"significance": MEDIUM}))
    return found


def _draft(
    source: str,
    block: int,
    trials: tuple[int, ...],
    text: str,
    told: ReasoningMode | None,
    told_by: str,
    weights: dict[int, int],
    confidence: float | None = None,
) -> dict:
    return {
        "source": source,
        "block": block,
        "trials": trials,
        "text": text,
        "told": told,
        "told_by": told_by if told is not None else "",
        "coded": tag(text),
        "confidence": confidence,
        "significance": max((weights.get(number, LOW) for number in trials), default=LOW),
    }
