"""Relations between events of reasoning: proposed by the records, accepted by rules.

The records propose: the lineage of a trial, the trials that a memory entry cites, the entry that a trial quotes. The
rules accept a pair if both ends are events with a mode, in different iterations, the first before the second, and the
pair of modes is one of fifteen that make sense; the pair also says what kind of relation it is. Nobody draws an edge by
hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hydra_llm.report.epistemic.events import ReasoningEvent
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.quotation import named
from hydra_llm.search.trial.reasoning import ReasoningMode

LEADS_TO, TRIGGERS, REFINES, REJECTS = "leads_to", "triggers", "refines", "rejects"
ALLOWED: dict[tuple[ReasoningMode, ReasoningMode], str] = {
    (ReasoningMode.INDUCTION, ReasoningMode.DEDUCTION): LEADS_TO,
    (ReasoningMode.INDUCTION, ReasoningMode.PREDICTION): LEADS_TO,
    (ReasoningMode.ABDUCTION, ReasoningMode.PREDICTION): LEADS_TO,
    (ReasoningMode.ANALOGY, ReasoningMode.PREDICTION): LEADS_TO,
    (ReasoningMode.CAUSAL, ReasoningMode.PREDICTION): LEADS_TO,
    (ReasoningMode.PREDICTION, ReasoningMode.INDUCTION): LEADS_TO,
    (ReasoningMode.FALSIFICATION, ReasoningMode.ABDUCTION): TRIGGERS,
    (ReasoningMode.FALSIFICATION, ReasoningMode.CONSTRAINT): TRIGGERS,
    (ReasoningMode.BOUNDARY, ReasoningMode.REGIME): TRIGGERS,
    (ReasoningMode.UNCERTAINTY, ReasoningMode.META): TRIGGERS,
    (ReasoningMode.INDUCTION, ReasoningMode.INDUCTION): REFINES,
    (ReasoningMode.ABDUCTION, ReasoningMode.CAUSAL): REFINES,
    (ReasoningMode.PREDICTION, ReasoningMode.PREDICTION): REFINES,
    (ReasoningMode.PREDICTION, ReasoningMode.FALSIFICATION): REJECTS,
    (ReasoningMode.DEDUCTION, ReasoningMode.FALSIFICATION): REJECTS,
}
SAME_ITERATION, BACKWARD, NO_MODE, PAIR = "same iteration", "backward in time", "without a mode", "pair not allowed"
PER = 16  # iterations that densities are given for


@dataclass(frozen=True)
class Relation:
    """`start` and `end` are indices of events; a rejection is drawn from its end back to its start."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Relations:
    """`dropped` counts proposed pairs by the rule that they break."""

    accepted: list[Relation]
    dropped: dict[str, int]
    within: float  # accepted per PER iterations, both ends in one block
    across: float


def refusal(start: ReasoningEvent, end: ReasoningEvent) -> str:
    """The rule that a pair breaks, "" if it stands."""
    if start.mode is None or end.mode is None:
        return NO_MODE
    if start.step == end.step:
        return SAME_ITERATION
    if start.step > end.step:
        return BACKWARD
    return "" if (start.mode, end.mode) in ALLOWED else PAIR


def relations(events: Sequence[ReasoningEvent], sweep: Sweep, steps: int) -> Relations:
    accepted, dropped = [], Counter()
    within = across = 0
    for start, end in dict.fromkeys(proposed(events, sweep)):
        a, b = events[start], events[end]
        broken = refusal(a, b)
        if broken:
            dropped[broken] += 1
            continue
        accepted.append(Relation(start, end, ALLOWED[a.mode, b.mode]))  # type: ignore[index]  # refusal has looked
        within += a.block == b.block
        across += a.block != b.block
    per = max(1.0, steps / PER)
    return Relations(accepted, dict(dropped.most_common()), within / per, across / per)


def proposed(events: Sequence[ReasoningEvent], sweep: Sweep) -> Iterator[tuple[int, int]]:
    """Pairs of indices that the records connect, whatever their modes.

    The latest observation of the parent leads to the child's hypothesis and to its observation; a hypothesis to the
    observation of its own trial, and to that of a child that moves the same parameter.
    """
    hypotheses = {e.trials[0]: e.index for e in events if e.source == "hypothesis"}
    observations: dict[int, list[int]] = {}
    for event in events:
        if event.source == "observation":
            for number in event.trials:
                observations.setdefault(number, []).append(event.index)
    for number, index in hypotheses.items():
        yield from ((index, seen) for seen in observations.get(number, [])[:1])
    for tree in sweep.state.trees.values():
        for node in tree:
            parent, hypothesis = tree.parent(node), hypotheses.get(node.id)
            if parent is None or hypothesis is None:
                continue
            seen = [i for number in parent.trials for i in observations.get(number, []) if i < hypothesis]
            yield from ((seen_last, hypothesis) for seen_last in sorted(seen)[-1:])
            yield from (
                (seen_last, own) for seen_last in sorted(seen)[-1:] for own in observations.get(node.id, [])[:1]
            )
            if parent.id in hypotheses and _moved(sweep, parent.id) & _moved(sweep, node.id):
                yield hypotheses[parent.id], hypothesis
    entries = {event.entry: event.index for event in events if event.entry}
    texts = {event.entry: event.text for event in events if event.entry}
    for event in events:
        if event.source == "memory":
            for number in event.trials:
                yield from ((seen, event.index) for seen in observations.get(number, [])[-1:])
    for trial in sweep.state.search_trials():
        quoted = named(trial.proposal.principle, texts) if trial.proposal.principle else None
        if quoted is not None and trial.number in hypotheses:
            yield entries[quoted], hypotheses[trial.number]


def _moved(sweep: Sweep, number: int) -> set[str]:
    return {change.key for change in sweep.state.trials[number].proposal.changes}
