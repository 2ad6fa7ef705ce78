"""What the sweep cost: time of the runs, and questions to a language model with tokens and money.

Questions are read from the log where it records them, otherwise counted from the transcripts in the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hydra_llm.llm.transcript import Transcript
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.log.events import Asked, Question, Review
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.authors import author_label


@dataclass(frozen=True)
class Questions:
    """Totals; `cost` None where no price is known. `source` says where they were read."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Cost:
    """Times in seconds. `by_state` and `by_proposer` map to (runs, seconds)."""

    run_seconds: float
    wall_seconds: float | None
    confirmation_seconds: float
    by_state: dict[str, tuple[int, float]] = field(default_factory=dict)
    by_proposer: dict[str, tuple[int, float]] = field(default_factory=dict)
    questions: Questions = field(default_factory=Questions)


def cost(sweep: Sweep, when: Timeline) -> Cost:
    by_state: dict[str, tuple[int, float]] = {}
    by_proposer: dict[str, tuple[int, float]] = {}
    total = confirming = 0.0
    for trial in sweep.state.trials.values():
        seconds = trial.duration or 0.0
        total += seconds
        confirming += seconds if trial.purpose == "confirm" else 0.0
        who = author_label(trial, sweep.settings.space)
        for table, key in ((by_state, trial.state.value), (by_proposer, who)):
            runs, spent = table.get(key, (0, 0.0))
            table[key] = (runs + 1, spent + seconds)
    wall = None if when.first is None or when.last is None else when.last - when.first
    return Cost(total, wall, confirming, _largest(by_state), _largest(by_proposer), questions(sweep))


def _largest(table: dict[str, tuple[int, float]]) -> dict[str, tuple[int, float]]:
    return dict(sorted(table.items(), key=lambda item: -item[1][1]))


def questions(sweep: Sweep) -> Questions:
    """The latest totals that the log holds; else those of the transcripts, without money."""
    told = [event.spent for event in sweep.events if isinstance(event, Asked | Review) and event.spent is not None]
    if told:
        last = told[-1]
        return Questions(last.calls, last.prompt_tokens, last.completion_tokens, last.cost, source="event log")
    folder = sweep.folder / "transcripts"
    usages = [usage for _, usage, _ in Transcript(folder).usages()] if folder.is_dir() else []
    prompt = sum(usage.prompt_tokens or 0 for usage in usages)
    return Questions(len(usages), prompt, sum(u.completion_tokens or 0 for u in usages), source="transcripts")


def by_batch(sweep: Sweep) -> dict[int, str]:
    """Trial number -> what the question cost that proposed it and its batch, where the log tells."""
    found, before = {}, (0, 0.0)
    for event in sweep.events:
        if isinstance(event, Question) and not event.slots:  # a review, or the first question: for no trial
            used = sum((call.prompt_tokens or 0) + (call.completion_tokens or 0) for call in event.calls)
            before = (before[0] + used, before[1] + sum(call.cost or 0.0 for call in event.calls))
        if not isinstance(event, Asked) or event.spent is None:
            continue
        tokens, money = event.spent.tokens, event.spent.cost
        used = tokens - before[0]
        text = f"question {used} tokens" + (f", {money - before[1]:.4f} money" if money is not None else "")
        shared = len(event.trials)
        if used > 0:
            text += f" for {shared} trials" if shared > 1 else ""
            found |= {trial.number: text for trial in event.trials}
        before = (tokens, money or 0.0)
    return found


def duration(seconds: float | None) -> str:
    """12 s, 3 min 20 s, 4 h 05 min."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
