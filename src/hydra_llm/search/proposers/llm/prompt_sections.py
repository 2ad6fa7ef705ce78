"""What a language model sees of a sweep, section by section, rendered from records.

Wall-clock numbers stay out, because a prompt must be the same when the same search is replayed; a trial that took very
long is marked instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hydra_llm.search.context import ORACLE_PREFIX, Context, Slot
from hydra_llm.search.number_text import number, percent, value_text
from hydra_llm.search.proposers.llm.prompt_text import NEVER, Section, fence, label, quoted, table, tail
from hydra_llm.search.statistics.history import dimension_records
from hydra_llm.search.statistics.importance import importance
from hydra_llm.search.tree.tree import Node
from hydra_llm.search.trial.trial import Trial, TrialState

ERROR_TAIL = 600  # characters of a traceback
SLOW_MIN = 60.0  # minutes of training beyond which a trial is marked slow
TIME_METRICS = ("_time_min", "_time_s", "_seconds")  # endings of metrics that are wall-clock times
MAX_METRICS = 20  # per trial

# six digits are more than a reader needs, and few enough to be equal where the numbers are
_number = partial(number, digits=6)
_share = partial(percent, missing="not known yet")


def objective(context: Context) -> Section:
    goal = context.objective
    aim = f"bring it to {goal.target:g}" if goal.direction == "target" else goal.direction
    lines = [f"Metric: {goal.name}; {aim}. A configuration's value is the mean over its runs."]
    limits = context.thresholds
    if limits is not None:
        lines.append(
            f"Classes: converged beyond {limits.converged:g}, failed short of {limits.failed:g}, partial between."
        )
    noise = f"{context.noise_floor:.4g}" if context.noise_floor else "not measured yet"
    lines.append(f"Noise floor (standard deviation between equal runs): {noise}. Smaller differences mean nothing.")
    return Section("Objective", tuple(lines))


def slots(context: Context, indices: tuple[int, ...]) -> Section:
    rows = [f"- slot {slot.index}: {slot.role}{_kept(slot)}" for slot in context.slots if slot.index in indices]
    ruled = [str(slot.index) for slot in context.slots if slot.index not in indices]
    head = ["One proposal for each of these slots:"]
    if ruled:
        rows.append(f"(slots {', '.join(ruled)} of this batch run the baseline and need no proposal)")
    return Section("Slots to fill", tuple(head), tuple(rows))


def space(context: Context) -> Section:
    rows = []
    for dimension in context.space.dimensions:
        reason = context.space.locked.get(dimension.name)
        state = f"locked: {reason}" if reason is not None else "constant" if dimension.is_constant else "free"
        state = "kept by the slot" if dimension.name in context.space.by_slot else state
        conditions = "; ".join(f"only if {key} in {list(options)}" for key, options in dimension.when.items())
        text = "; ".join(part for part in (dimension.help, conditions) if part)
        rows.append([dimension.name, dimension.kind, dimension.describe_range(), str(dimension.default), state, text])
    head, lines = table(("key", "type", "range or choices", "baseline", "state", "meaning"), rows)
    if context.space.constraint is not None:
        text = " ".join((context.space.constraint.__doc__ or "not described; a refusal says what is wrong").split())
        lines = (*lines, f"Some combinations are refused: {text}")
    return Section("Search space", head, lines, patience=NEVER)


def regime(context: Context) -> Section:
    values = [f"- {key}: {value}" for key, value in context.block.values.items()]
    rows = values or ["The simulation is as configured and does not change in this block."]
    fixed = [text for text in context.fixed if not text.partition("=")[2].startswith(("/", "'/"))]
    if fixed:  # without folders of this machine
        rows.append(f"Every run: {', '.join(fixed)}")
    if context.budget:
        rows.append(f"Runs of the search, which are short: {', '.join(context.budget)}")
    return Section("Simulation of this block", rows=tuple(rows))


def next_regime(context: Context) -> Section | None:
    """At a block's end: what the next simulation may be, and which were tested."""
    space = context.block_space
    if space is None or not context.is_review:
        return None
    rows = [[d.name, d.kind, d.describe_range(), d.help] for d in space.dimensions]
    head, lines = table(("key", "type", "range or choices", "meaning"), rows)
    tested = (", ".join(f"{key}={value}" for key, value in old.items()) for old in context.tested_regimes)
    lines = (*lines, *(f"Tested in block {index}: {text}" for index, text in enumerate(tested, start=1)))
    rule = "Answer `next_block`; keys left out keep their value. A tested simulation is refused while others are left."
    return Section("Simulations to choose the next block from", (rule, "", *head), lines)


def rates(context: Context) -> Section:
    measured = context.rates
    lines = [
        f"Branching rate {_share(measured.branching)} over the last {measured.window} mutations "
        f"(distinct parents: {measured.distinct_parents}); improvement rate {_share(measured.improvement)}; "
        f"failure rate {_share(measured.failure)}; plateau: {'yes' if measured.plateau else 'no'}."
    ]
    return Section("How the block is going", tuple(lines))


def ucb(context: Context) -> Section:
    rows = []
    for number_, score in context.ranking:
        node = context.tree.node(number_)
        pending = f", pending={node.pending}" if node.pending else ""
        rows.append(
            f"Node {node.id}: UCB={_number(score)}, parent={_parent(node)}, visits={node.visits}{pending}, "
            f"{context.objective.name}={_mean(context, node)}"
        )
    head = () if rows else ("Empty: nothing was run in this block, so the parent is the root (null).",)
    return Section("UCB scores, best first", head, tuple(rows), keep=8, most=40, patience=30)


def configurations(context: Context) -> Section:
    """Leaderboard and variance table in one: the best nodes with their spread."""
    baseline = context.space.baseline()
    scored = sorted(context.tree.scored(), key=lambda node: (-(node.mean or 0.0), node.index))
    rows = []
    for node in scored:
        changed = context.space.changed(baseline, node.values)
        label = ", ".join(f"{key}={value_text(node.values.get(key))}" for key in changed) or "baseline"
        rows.append(
            [
                str(node.id),
                _mean(context, node),
                _number(node.std),
                "-" if node.cv is None else f"{100 * node.cv:.1f} %",
                str(node.runs),
                str(node.failures),
                label,
            ]
        )
    head, lines = table(("node", context.objective.name, "sd", "CV", "runs", "failed", "against the baseline"), rows)
    return Section("Configurations, best first", head, lines, keep=5, most=25, patience=20)


def recent(context: Context) -> Section:
    """The block's trials, newest first, each with what was expected of it."""
    same = _constants(context)
    rows = [_trial(context, trial, same) for trial in reversed(context.block_trials)]
    head = (f"Equal in all of them: {', '.join(f'{label(k)}={_number(v)}' for k, v in same.items())}",) if same else ()
    return Section("Trials, newest first", head, tuple(rows), keep=4, most=40, patience=10)


def _constants(context: Context) -> dict[str, float]:
    """Metrics that every scored trial of the block shares: facts about the task rather than results."""
    scored = [trial.metrics for trial in context.finished if trial.value is not None]
    if len(scored) < 3:
        return {}
    first = {name: value for name, value in scored[0].items() if _is_result(context, name)}
    equal = {name: value for name, value in first.items() if all(other.get(name) == value for other in scored)}
    return dict(sorted(equal.items()))


def _is_result(context: Context, name: str) -> bool:
    hidden = name == context.objective.metric or name.startswith(ORACLE_PREFIX) or name.endswith(TIME_METRICS)
    return not hidden


def failures(context: Context) -> Section:
    rows = []
    for trial in reversed(context.failures):
        error = trial.error
        assert error is not None  # that is what makes it a failure
        text = f"{error}\n{tail(error.traceback, ERROR_TAIL)}"
        rows.append(
            f"Trial {trial.number} ({trial.state}), {trial.proposal.mutation}:\n{fence(text, f'trial {trial.number}')}"
        )
    return Section("Failures, newest first", rows=tuple(rows) or ("None.",), keep=1, most=8, patience=25)


def parameters(context: Context) -> Section:
    records = dimension_records(context)
    found = importance(context.space, context.tree)
    rows = []
    for name in (dimension.name for dimension in context.space.free()):
        record, share = records[name], found.of(name)
        gain = _number(record.best_gain) if record.tried else "-"
        rows.append([name, str(record.tried), gain, "-" if share is None else f"{share:.2f}"])
    head, lines = table(("parameter", "times moved", "best gain over the parent", "importance"), rows)
    if found.shares is None:
        note = f"Importance: not known from {found.configurations} scored configurations."
    else:
        note = f"Importance: {found.method}, over {found.configurations} scored configurations."
    return Section("What each parameter gave", (note, "", *head), lines)


def oracle(context: Context) -> Section:
    rows = [
        f"- trial {trial}: "
        + ", ".join(f"{label(name.removeprefix(ORACLE_PREFIX))}={_number(v)}" for name, v in best.items())
        for trial, best in sorted(context.oracle.items(), reverse=True)
    ]
    head = ("What these data allow at best, whatever the training. Below it, the training is the limit, not the data.",)
    return Section("Oracle", head, tuple(rows) or ("Not available.",), keep=2, most=10, patience=5)


def memory(context: Context) -> Section:
    lines = context.memory.strip().splitlines()
    return Section("Working memory", rows=tuple(lines) or ("Empty.",), keep=60, most=300, patience=40)


def _trial(context: Context, trial: Trial, same: Mapping[str, float]) -> str:
    proposal = trial.proposal
    parent = "root" if proposal.parent is None else proposal.parent
    origin = proposal.provenance.label or "unknown"  # without the reason, which may quote a server
    parts = [f"Trial {trial.number} (parent {parent}, {proposal.strategy}, by {origin})"]
    parts.append(proposal.mutation)
    if trial.state is TrialState.RUNNING:
        parts.append("running")
    elif trial.value is None:
        parts.append(str(trial.state))
    else:
        parts.append(_metrics(context, trial, same))
    if trial.state is TrialState.PRUNED and trial.error is not None:
        parts.append(f"stopped early: {quoted(trial.error.message)}")
    if proposal.hypothesis:
        parts.append(f"expected: {proposal.hypothesis}")
    return "- " + " | ".join(parts)


def _metrics(context: Context, trial: Trial, same: Mapping[str, float]) -> str:
    shown = [f"{context.objective.name}={_number(trial.value)}"]
    others = [
        f"{label(name)}={_number(value)}"
        for name, value in sorted(trial.metrics.items())
        if name not in same and _is_result(context, name)
    ]
    shown += others[:MAX_METRICS]
    if len(others) > MAX_METRICS:
        shown.append(f"({len(others) - MAX_METRICS} more metrics left out)")
    if trial.metrics.get("training_time_min", 0.0) > SLOW_MIN:
        shown.append(f"SLOW: over {SLOW_MIN:g} min, make the next one lighter")
    return ", ".join(shown)


def _mean(context: Context, node: Node) -> str:
    return "-" if node.mean is None else _number(context.objective.value_of_score(node.mean))


def _parent(node: Node) -> str:
    return "root" if node.parent is None else str(node.parent)


def _kept(slot: Slot) -> str:
    return "".join(f", keeps {key}={value_text(value)}" for key, value in slot.fixed.items())
