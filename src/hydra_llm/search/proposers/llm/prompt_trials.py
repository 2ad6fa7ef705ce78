"""The block's trials as tables: configurations by recording, one row per trial, facts of each recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.llm.prompt_numbers import short, signed
from hydra_llm.search.proposers.llm.prompt_text import Section, label, quoted, table
from hydra_llm.search.proposers.llm.shown import MINUTES, chosen
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.tree.tree import Node
from hydra_llm.search.trial.trial import Trial, TrialState

SLOW_MIN = 60.0  # minutes of training beyond which a trial is marked slow
MAX_RECORDINGS = 6  # columns of their own
LAST_TO_GO = 90  # patience: prose goes before any row of a trial
NEWS = 12  # latest trials without an observation, which the end of the question names
WHOLE = 5  # latest observations that are shown in full
LONG_AGO = 110  # characters of an earlier one
MAX_NAMES = 40  # of metrics that are left out


def configurations(context: Context) -> Section:
    """Leaderboard, variance table and pairs in one: nodes by recordings, and their values where they ever differed."""
    records, space = context.recordings, context.space
    leader = records.leader
    moved = [n for n in space.names if len({str(node.values.get(n)) for node in context.tree.nodes}) > 1]
    labels = short_names(moved)
    shown = records.all[:MAX_RECORDINGS]
    rows = []
    for node in [*records.ranked, *(node for node in context.tree.nodes if not node.scores)]:
        cells = [f"{node.id}{' leader' if node is leader else ''}", _parent(node)]
        cells += [short(records.value(node, recording)) for recording in shown]
        cells += [_against(context, node, leader), _runs(node)]
        cells += [_cell(node.values, name) for name in moved]
        rows.append(cells)
    named = [f"{context.objective.name} on {r}" if i == 0 else f"on {r}" for i, r in enumerate(shown)]
    head, lines = table(["node", "parent", *named, "against the leader", "runs", *(labels[n] for n in moved)], rows)
    note = [
        "Best estimate first (configuration plus recording, fitted to all runs). The leader ran where its rivals did."
    ]
    if len(records.all) > len(shown):
        note.append(f"Recordings {shown[-1] + 1} to {records.all[-1]} count in the estimates and have no column.")
    return Section("Configurations", (*note, "", *head), lines, keep=25, patience=LAST_TO_GO)


def trials(context: Context) -> Section:
    """One row per trial of the block, newest first."""
    shown = chosen(context)
    minutes = [trial.metrics[MINUTES] for trial in context.finished if MINUTES in trial.metrics]
    timed = bool(minutes) and (MINUTES in context.show or max(minutes) > SLOW_MIN)
    rows = [_row(context, trial, shown.per_trial, timed) for trial in reversed(context.block_trials)]
    names = [label(name) for name in shown.per_trial]
    columns = ["trial", "parent", "mutation", "strategy", "recording", *(["time"] if timed else [])]
    expected = ["expected / pool's choice"] if _pooled(context) else []
    head, lines = table([*columns, *expected, context.objective.name, "change", *names], rows)
    notes = ["`change`: against the parent on the same recording; - where the parent did not run on it."]
    if expected:
        notes.append("`expected`: by the process before the run; behind it, what it expected of its own choice.")
    if shown.left_out:
        names = [label(name) for name in shown.left_out]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        notes.append(f"Returned, not shown: {', '.join(names[:MAX_NAMES])}{more}.")
    return Section("Trials, newest first", (*notes, "", *head), lines, keep=20, patience=LAST_TO_GO + 1)


def recordings(context: Context) -> Section | None:
    """What every run on a recording shares: the oracle, and facts of the data."""
    shown = chosen(context)
    if not shown.per_recording:
        return None
    rows = []
    for recording in context.recordings.all:
        on_it = (t for t in context.finished if t.value is not None and context.recordings.of(t.number) == recording)
        metrics = next((trial.metrics for trial in on_it), None)
        if metrics is not None:
            rows.append([str(recording), *(short(metrics.get(name)) for name in shown.per_recording)])
    head, lines = table(("recording", *map(label, shown.per_recording)), rows)
    note = "What the data are and allow: `oracle_` is the best that a regression told the law reaches on them."
    return Section("Recordings", (note, "", *head), lines, keep=1, most=12, patience=30)


def words(context: Context) -> Section | None:
    """The proposer's own words on each trial, newest first, and what became of its predictions."""
    rows = []
    for place, trial in enumerate(reversed(context.finished)):
        said, fate = context.observations.get(trial.number), context.fates.get(trial.number)
        if said and place >= WHOLE:
            said = one_line(said, LONG_AGO)
        if said or fate:
            rows.append(f"- {trial.number}: {'; '.join(text for text in (fate, said) if text)}")
    silent = [str(t.number) for t in context.finished if t.number not in context.observations][:-NEWS]
    if not rows and not silent:
        return None
    head = (f"Without an observation of yours: trials {', '.join(silent)}.",) if silent else ()
    return Section("What you said of the trials, newest first", head, tuple(rows), keep=6, most=40, patience=20)


def news(context: Context, trial: Trial) -> str:
    """A trial that ended since the last question, against its parent on equal data."""
    proposal = trial.proposal
    where = f"recording {context.recordings.of(trial.number)}" if context.seed_keys else "run"
    text = f"- trial {trial.number} ({proposal.mutation}; from {_origin(proposal.parent)}; {where}): "
    if trial.value is None:
        return text + str(trial.state)
    text += f"{context.objective.name}={short(trial.value)}"
    change = _change(context, trial)
    fate = context.fates.get(trial.number)
    return "; ".join([text, *([f"change {change}"] if change != "-" else []), *([fate] if fate else [])])


def change_text(context: Context, difference: float, scaled: float) -> str:
    """A difference of scores in the metric's unit; with a declared ceiling also as a factor of the distance to it."""
    text = signed(context.objective.change_of_score(difference))
    return text if context.ceiling is None else f"{text} (distance x{10**-scaled:.2g})"


def _row(context: Context, trial: Trial, names: Sequence[str], timed: bool) -> list[str]:
    proposal = trial.proposal
    state = trial.state
    if state is TrialState.PRUNED and trial.error is not None:
        value = f"{short(trial.value)} stopped early: {quoted(trial.error.message)}"
    else:
        value = short(trial.value) if trial.value is not None else str(state).lower()
    minutes = trial.metrics.get(MINUTES)
    slow = minutes is not None and minutes > SLOW_MIN
    time = "-" if minutes is None else f"{minutes:.1f} min" + (" SLOW, make the next one lighter" if slow else "")
    values = [short(trial.metrics.get(name)) for name in names]
    recording = str(context.recordings.of(trial.number))
    cells = [str(trial.number), _origin(proposal.parent), _mutation(context, trial), proposal.strategy, recording]
    expected = [_standing(trial)] if _pooled(context) else []
    return [*cells, *([time] if timed else []), *expected, value, _change(context, trial), *values]


def _pooled(context: Context) -> bool:
    return any(trial.proposal.standing is not None for trial in context.block_trials)


def _standing(trial: Trial) -> str:
    standing = trial.proposal.standing
    if standing is None:
        return "-"
    expected = short(standing.expected.median)
    if standing.place is not None or standing.best is None:
        return expected
    return f"{expected} / {short(standing.best.median)}"


def _mutation(context: Context, trial: Trial) -> str:
    """With the short names of the parameters; a start that differs from the baseline says how."""
    proposal = trial.proposal
    names = short_names(context.space.names)
    if proposal.changes:
        return "; ".join(f"{names[c.key]}: {value_text(c.old)} -> {value_text(c.new)}" for c in proposal.changes)
    if proposal.parent is not None:
        return "rerun"
    changed = context.space.changed(context.space.baseline(), trial.values)
    return ", ".join(f"{names[n]}={value_text(trial.values.get(n))}" for n in changed) or "baseline"


def _change(context: Context, trial: Trial) -> str:
    if trial.value is None or trial.number not in context.tree:
        return "-"
    parent = context.tree.parent(context.tree.node(trial.number))
    records = context.recordings
    before = None if parent is None else records.score(parent, records.of(trial.number))
    if before is None:
        return "-"
    score = context.objective.score(trial.value)
    return change_text(context, score - before, records.scaled(score) - records.scaled(before))


def _against(context: Context, node: Node, leader: Node | None) -> str:
    if leader is None or node is leader or not node.scores:
        return "-"
    pair = context.recordings.pair(node, leader)
    if pair is None:
        return "no recording shared"
    shared = ",".join(map(str, pair.recordings))
    return f"{change_text(context, pair.mean, pair.mean_on_scale)} on {shared}"


def _runs(node: Node) -> str:
    parts = [str(node.runs)]
    parts += [f"{node.failures} failed"] if node.failures else []
    parts += [f"{node.pending} running"] if node.pending else []
    return ", ".join(parts)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The last word of each key, where it is that key's own."""
    last = {name: name.rpartition(".")[2] for name in names}
    return {name: word if list(last.values()).count(word) == 1 else name for name, word in last.items()}


def _cell(values: dict[str, Any], name: str) -> str:
    return value_text(values[name]) if name in values else "-"


def _parent(node: Node) -> str:
    return "root" if node.parent is None else str(node.parent)


def _origin(parent: int | None) -> str:
    return "root" if parent is None else str(parent)
