"""The block's trials as tables: one row per trial, facts of each recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.llm.prompt_numbers import change_text, short
from hydra_llm.search.proposers.llm.prompt_text import LAST_TO_GO, Section, fenced, label, short_names, table
from hydra_llm.search.proposers.llm.shown import chosen, is_count
from hydra_llm.search.trial.trial import Trial, TrialState

SLOW_MIN = 60.0  # minutes of training beyond which a trial is marked slow
SLOW = " SLOW, make the next one lighter"
ALIKE = 1.5  # ratio of times that are told once
BRIEF = 1.0  # minutes up to which times are told once: there the ratio is the machine's, another at every replay
MANY = 3  # metrics of one first word that stand together
DIAGNOSED = 8  # latest trials whose further metrics are shown, beside those of the leaders
BESIDE = 6  # latest trials whose expectation is shown
LEADING = 2  # configurations whose further metrics stay
FEW = 3  # rows in which equal values are told in each
MAX_NAMES = 40  # of metrics that are left out


def trials(context: Context) -> Section:
    """One row per trial of the block, newest first."""
    shown = chosen(context)
    minutes = [took for trial in context.finished if (took := context.meaning.minutes_of(trial)) is not None]
    told = bool(minutes) and (context.meaning.minutes in context.show or max(minutes) > SLOW_MIN)
    timed = told and max(minutes) > max(BRIEF, ALIKE * min(minutes))
    rows = [_row(context, trial, shown.per_trial, timed) for trial in reversed(context.block_trials)]
    names = [label(name) for name in shown.per_trial]
    columns = ["trial", "parent", "mutation", *_recording(context, "recording"), *(["time"] if timed else [])]
    expected = ["expected / pool's choice"] if _pooled(context) else []
    first = len(columns) + 2  # value and change
    rows, equal = _without_equal(rows, range(first, first + len(names)))
    told_once = [f"{names[place - first]}={text}" for place, text in equal.items()]
    names = [name for place, name in enumerate(names, start=first) if place not in equal]
    head, lines = table([*columns, context.objective.name, "change", *names, *expected], rows)
    factor = "" if context.ceiling is None else "the distance to the ceiling as a factor (below 1: nearer), "
    equal = "the mean of the parent" if context.fresh_seeds else "the parent on the same recording"
    notes = [f"`change`: {factor}against {equal}."]
    if not context.fresh_seeds and len(context.recordings.all) == 1:
        notes.append("All ran on recording 1.")
    if told_once:
        notes.append(f"Equal in all rows that have it: {', '.join(told_once)}.")
    if names and len(context.block_trials) > DIAGNOSED:
        notes.append(f"Further metrics: of the latest {DIAGNOSED} trials and of the leading configurations.")
    if expected:
        notes.append(
            f"`expected`: by the process before the latest {BESIDE} runs, and what it expected of its own choice."
        )
    if told and not timed:
        notes.append(f"Each took about {sum(minutes) / len(minutes):.1f} min{SLOW if max(minutes) > SLOW_MIN else ''}.")
    if context.finished and not any(is_count(name) for trial in context.finished for name in trial.metrics):
        notes.append("Not returned: how many steps a run took.")
    if shown.left_out:
        names = _folded([label(name) for name in shown.left_out])
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        notes.append(f"Returned, not shown: {', '.join(names[:MAX_NAMES])}{more}.")
    return Section("Trials, newest first", (*notes, "", *head), lines, keep=20, patience=LAST_TO_GO + 1)


def _without_equal(rows: Sequence[list[str]], places: Iterable[int]) -> tuple[list[list[str]], dict[int, str]]:
    """Rows without those of these columns that hold one text only, and that text by place; all columns of few rows."""
    equal: dict[int, str] = {}
    for place in places:
        found = [row[place] for row in rows if row[place] not in ("", "-")]
        if len(found) >= FEW and len(set(found)) == 1:
            equal[place] = found[0]
    return [[cell for place, cell in enumerate(row) if place not in equal] for row in rows], equal


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
    equal = [place for place in range(1, len(shown.per_recording) + 1) if len({row[place] for row in rows}) == 1]
    note = ["What the data are and allow: `oracle_` is the best that a regression told the law reaches on them."]
    if equal and len(rows) > 1:
        note.append(f"On all: {', '.join(f'{label(shown.per_recording[at - 1])}={rows[0][at]}' for at in equal)}.")
        rows = [[cell for place, cell in enumerate(row) if place not in equal] for row in rows]
    else:
        equal = []
    names = [label(name) for place, name in enumerate(shown.per_recording, start=1) if place not in equal]
    if not names:
        return Section("Recordings", tuple(note))
    head, lines = table(("recording", *names), rows)
    return Section("Recordings", (*note, "", *head), lines, keep=1, most=12, patience=30)


def _folded(names: Sequence[str]) -> list[str]:
    """Names that begin with the same word stand once where they are many: MLP_* (9)."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition("_")[0], []).append(name)
    return [text for word, own in found.items() for text in ([f"{word}_* ({len(own)})"] if len(own) >= MANY else own)]


def news(context: Context, trial: Trial) -> str:
    """A trial that ended since the last question, against its parent on equal data."""
    text = f"- {trial.number} ({_mutation(context, trial)}): "
    if trial.value is None:
        return text + str(trial.state)
    text += f"{context.objective.name} {short(trial.value)}"
    if context.objectives is not None:
        text += f" ({context.objectives.text(context.objectives.values(trial.metrics))})"
    change, parent = _change(context, trial), trial.proposal.parent
    if context.seed_keys and not context.fresh_seeds:
        text += f" on recording {context.recordings.of(trial.number)}"
    if change != "-":
        text += f", {change} against {parent}"
    fate = context.fates.get(trial.number)
    return f"{text}; {fate}" if fate else text


def _row(context: Context, trial: Trial, names: Sequence[str], timed: bool) -> list[str]:
    proposal = trial.proposal
    state = trial.state
    if state is TrialState.PRUNED and trial.error is not None:
        value = f"{short(trial.value)} stopped early: {fenced(trial.error.message, f'trial {trial.number}')}"
    else:
        value = short(trial.value) if trial.value is not None else str(state).lower()
    minutes = context.meaning.minutes_of(trial)
    slow = minutes is not None and minutes > SLOW_MIN
    time = "-" if minutes is None else f"{minutes:.1f} min" + (SLOW if slow else "")
    values = ["" if _is_past(context, trial) else short(trial.metrics.get(name), digits=3) for name in names]
    recording = _recording(context, str(context.recordings.of(trial.number)))
    cells = [str(trial.number), _origin(proposal.parent), _mutation(context, trial), *recording]
    expected = [_standing(context, trial)] if _pooled(context) else []
    return [*cells, *([time] if timed else []), value, _change(context, trial), *values, *expected]


def _recording(context: Context, cell: str) -> list[str]:
    """The cell that tells recordings apart, where there are several and not every run has its own."""
    return [] if context.fresh_seeds or len(context.recordings.all) < 2 else [cell]


def _is_past(context: Context, trial: Trial) -> bool:
    """Whether its diagnostics can decide nothing any more: long ago, and not of a leading configuration."""
    if trial in context.block_trials[-DIAGNOSED:] or trial.number not in context.tree:
        return False
    return context.tree.node(trial.number) not in context.recordings.ranked[:LEADING]


def _pooled(context: Context) -> bool:
    return any(trial.proposal.standing is not None for trial in context.block_trials)


def _standing(context: Context, trial: Trial) -> str:
    standing = trial.proposal.standing
    if standing is None or trial not in context.block_trials[-BESIDE:]:
        return ""
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


def _origin(parent: int | None) -> str:
    return "root" if parent is None else str(parent)
