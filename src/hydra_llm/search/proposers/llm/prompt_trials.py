"""The block's trials as tables: one row per trial, facts of each recording."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.llm.prompt_numbers import change_text, short
from hydra_llm.search.proposers.llm.prompt_text import LAST_TO_GO, Section, label, quoted, short_names, table
from hydra_llm.search.proposers.llm.shown import chosen
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.trial.trial import Trial, TrialState

SLOW_MIN = 60.0  # minutes of training beyond which a trial is marked slow
SLOW = " SLOW, make the next one lighter"
ALIKE = 1.5  # ratio of times that are told once
BRIEF = 1.0  # minutes up to which times are told once: there the ratio is the machine's, another at every replay
MANY = 3  # metrics of one first word that stand together
DIAGNOSED = 8  # latest trials whose further metrics are shown, beside those of the leaders
BESIDE = 6  # latest trials whose expectation is shown
NEWS = 12  # latest trials without an observation, which the end of the question names
WHOLE = 2  # latest observations that are shown in full
LEADING = 2  # configurations whose observations stay
LONG_AGO = 64  # characters of an earlier one
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
    head, lines = table([*columns, *expected, context.objective.name, "change", *names], rows)
    distance = "" if context.ceiling is None else ", and the factor of the distance to the ceiling"
    equal = "the mean of the parent" if context.fresh_seeds else "the parent on the same recording"
    notes = [f"`change`: against {equal}{distance}."]
    if names and len(context.block_trials) > DIAGNOSED:
        notes.append(f"Further metrics: of the latest {DIAGNOSED} trials and of the leading configurations.")
    if expected:
        notes.append(
            f"`expected`: by the process before the latest {BESIDE} runs, and what it expected of its own choice."
        )
    if told and not timed:
        notes.append(f"Each took about {sum(minutes) / len(minutes):.1f} min{SLOW if max(minutes) > SLOW_MIN else ''}.")
    if shown.left_out:
        names = _folded([label(name) for name in shown.left_out])
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


def words(context: Context) -> Section | None:
    """Per finished trial the model's own observation, and what became of its prediction. Of the older ones those that
    still matter stand in a line each: of the leading configurations, and where a prediction failed.
    """
    rows: list[str] = []
    quiet: list[int] = []
    leading = {number for node in context.recordings.ranked[:LEADING] for number in node.trials}
    for place, trial in enumerate(reversed(context.finished)):
        number = trial.number
        said, fate = context.observations.get(number), context.fates.get(number)
        if not said and (not fate or place < NEWS):  # the end of the question names it
            continue
        if place >= WHOLE:
            if said and number not in leading and fate is not None and _held(fate):
                quiet.append(number)
                continue
            said = one_line(said, LONG_AGO) if said else said
            fate = None if fate and _held(fate) else fate
        rows.append(f"- {number}: {'; '.join(text for text in (fate, said) if text)}")
    silent = [str(t.number) for t in context.finished if t.number not in context.observations][:-NEWS]
    if not rows and not silent:
        return None
    head = (f"Without an observation of yours: trials {', '.join(silent)}.",) if silent else ()
    foot = (
        (f"({len(quiet)} older ones stand in analysis.md: their predictions held, trials {_ranges(quiet)})",)
        if quiet
        else ()
    )
    return Section("What you said of the trials, newest first", head, tuple(rows), foot, keep=6, most=40, patience=20)


def _held(fate: str) -> bool:
    """Whether nothing of a prediction failed, and nothing is left to judge."""
    return fate.endswith((": held", "did not come"))


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as 1-3, 7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _folded(names: Sequence[str]) -> list[str]:
    """Names that begin with the same word stand once where they are many: MLP_* (9)."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition("_")[0], []).append(name)
    return [text for word, own in found.items() for text in ([f"{word}_* ({len(own)})"] if len(own) >= MANY else own)]


def news(context: Context, trial: Trial) -> str:
    """A trial that ended since the last question, against its parent on equal data."""
    proposal = trial.proposal
    where = _recording(context, f"recording {context.recordings.of(trial.number)}" if context.seed_keys else "run")
    how = "; ".join([proposal.mutation, f"from {_origin(proposal.parent)}", *where])
    text = f"- trial {trial.number} ({how}): "
    if trial.value is None:
        return text + str(trial.state)
    text += f"{context.objective.name}={short(trial.value)}"
    if context.objectives is not None:
        text += f" ({context.objectives.text(context.objectives.values(trial.metrics))})"
    change = _change(context, trial)
    fate = context.fates.get(trial.number)
    return "; ".join([text, *([f"change {change}"] if change != "-" else []), *([fate] if fate else [])])


def _row(context: Context, trial: Trial, names: Sequence[str], timed: bool) -> list[str]:
    proposal = trial.proposal
    state = trial.state
    if state is TrialState.PRUNED and trial.error is not None:
        value = f"{short(trial.value)} stopped early: {quoted(trial.error.message)}"
    else:
        value = short(trial.value) if trial.value is not None else str(state).lower()
    minutes = context.meaning.minutes_of(trial)
    slow = minutes is not None and minutes > SLOW_MIN
    time = "-" if minutes is None else f"{minutes:.1f} min" + (SLOW if slow else "")
    values = ["" if _is_past(context, trial) else short(trial.metrics.get(name), digits=3) for name in names]
    recording = _recording(context, str(context.recordings.of(trial.number)))
    cells = [str(trial.number), _origin(proposal.parent), _mutation(context, trial), *recording]
    expected = [_standing(context, trial)] if _pooled(context) else []
    return [*cells, *([time] if timed else []), *expected, value, _change(context, trial), *values]


def _recording(context: Context, cell: str) -> list[str]:
    """The cell that tells recordings apart, unless every run has its own."""
    return [] if context.fresh_seeds else [cell]


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


def _origin(parent: int | None) -> str:
    return "root" if parent is None else str(parent)
