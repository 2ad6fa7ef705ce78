"""How a sweep stands, section by section, rendered from records: what changes from question to question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.number_text import percent, value_text
from hydra_llm.search.proposers.llm.prompt_numbers import factor, short
from hydra_llm.search.proposers.llm.prompt_text import Section, fence, short_names, table, tail
from hydra_llm.search.proposers.llm.prompt_trials import news
from hydra_llm.search.proposers.llm.prompt_words import NEWS, ranges
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.statistics import openings
from hydra_llm.search.statistics.conditions import Verdict, alternatives, judge
from hydra_llm.search.statistics.history import dimension_records
from hydra_llm.search.statistics.importance import importance
from hydra_llm.search.statistics.phrases import LEFT_OPEN
from hydra_llm.search.tree.recordings import Spread
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.trial import PROMOTED, Trial

BEST = 3  # nodes by the selection rule
ERROR_TAIL = 600  # characters of a traceback
ROLES = {
    "baseline": "the configuration as composed",
    "diverse": "a start that is spread over the space, far from the others of the batch",
    "exploit": "branch from a leading node, one careful change; a second such slot takes the second node, or the same "
    "one with another parameter",
    "explore": "a node outside the latest chain, or a parameter that was not moved yet",
    "replicate": "a leading configuration again, unchanged, on a recording that it lacks",
    "principle-test": "a change that an established principle says something about, chosen to break it",
    "free": "yours to decide, by the strategy table",
}


def objective(context: Context) -> Section:
    if context.objectives is not None:
        return _several(context.objectives)
    goal = context.objective
    aim = f"bring it to {goal.target:g}" if goal.direction == "target" else goal.direction
    best = "" if context.ceiling is None else f" At best {context.ceiling:g}: near it, compare distances to it."
    lines = [f"Metric: {goal.name}; {aim}.{best}"]
    limits = context.thresholds
    if limits is not None:
        lines.append(
            f"Classes: converged beyond {limits.converged:g}, failed short of {limits.failed:g}, partial between."
        )
    return Section("Objective", tuple(lines))


def _several(objectives: Objectives) -> Section:
    name = objectives.scalar.name
    lines = (
        f"{objectives.goal}. They pull against each other: sought is the Pareto front, the configurations that no "
        "other one beats in every objective, from one end to the other.",
        f"{name} ranks the tables: how far a trial is from the ideal point, the best of every objective at once, in "
        "units of the extent of the front, all objectives weighed alike; smaller is better. It changes when the front "
        "grows, so observations and principles name the objectives. An end of the front is far from that point, and "
        "worth a run all the same.",
    )
    return Section("Objectives", lines)


def front(context: Context) -> Section | None:
    """The configurations that no other one beats, with what they change in the baseline."""
    if context.objectives is None or not context.front:
        return None
    baseline = context.space.baseline()
    names = short_names(context.space.names)
    rows = []
    for member in context.front:
        values = context.tree.node(member.number).values if member.number in context.tree else {}
        moved = [f"{names[k]}: {value_text(values.get(k), 3)}" for k in context.space.changed(baseline, values)]
        rows.append([str(member.number), *map(short, member.values), str(member.runs), "; ".join(moved) or "-"])
    head, lines = table(("trial", *context.objectives.names, "runs", "changes to the baseline"), rows)
    return Section("Pareto front", head, lines, keep=12, patience=80)


def noise(context: Context) -> Section | None:
    """Three numbers, each with what it was measured on."""
    if not context.seed_keys:
        return None
    records = context.recordings
    if context.fresh_seeds:
        unmeasured = "not measured: no configuration ran twice"
        rows = (
            f"- of one run: {_spread(records.repeated, unmeasured)}",
            f"- of a difference of two single runs: {_spread(records.paired, unmeasured)}{_as_factor(context)}; of "
            "means over n and m runs it is that times the root of (1/n + 1/m)/2",
        )
        return Section("Noise", (f"Standard deviations of {context.objective.name}, seeds and data together:",), rows)
    repeated, paired = records.repeated, records.paired
    on_one, between = (records.between, None) if context.seeds_move == "training" else (repeated, records.between)
    unmeasured = {
        "both": "not measured: the seeds move data and training together",
        "data": "none: the training's seed never moves",
        "training": "not measured: no configuration ran twice",
    }[context.seeds_move]
    rows = [
        f"- training seed on one recording: {_spread(on_one, unmeasured)}",
        "- between recordings, one configuration: "
        + (
            "none: the data never change"
            if context.seeds_move == "training"
            else _spread(between, "not measured: no configuration ran on two recordings")
        ),
        f"- of a paired difference to the leader: {_spread(paired, 'not measured: no pair shares two recordings')}"
        f"{_as_factor(context)}",
    ]
    head = (f"Standard deviations of {context.objective.name}. Judge a paired difference by the last one:",)
    return Section("Noise", head, tuple(rows))


def slots(context: Context, indices: tuple[int, ...]) -> Section:
    asked = [slot for slot in context.slots if slot.index in indices]
    rows = [
        f"- slot {slot.index}: {slot.role}{_kept(slot)} ({ROLES.get(slot.role, 'yours to decide')})" for slot in asked
    ]
    ruled = [str(slot.index) for slot in context.slots if slot.index not in indices]
    if ruled:
        rows.append(f"(slots {', '.join(ruled)} of this batch run the baseline and need no proposal)")
    if len(context.tree) == 0:
        rows.append("Nothing was run in this block: the parent is the root (null).")
    return Section("Slots to fill", ("One proposal for each of these slots:",), tuple(rows))


def latest(context: Context) -> Section | None:
    """What ended since the last question, what would refute it in the model's own words, and what is left to run."""
    new = [t for t in context.finished if t.number not in context.observations][-NEWS:][::-1]
    rows = [news(context, trial) for trial in new]
    left = f"Trials left, this batch included: {context.n_trials - _used(context)}." if context.n_trials else ""
    if not rows and not left:
        return None
    head = ("Ended, and not observed by you yet:",) if rows else ()
    return Section("What is new", head, tuple(rows), (*_to_judge(context, new), *([left] if left else [])), keep=NEWS)


def _to_judge(context: Context, new: Sequence[Trial]) -> list[str]:
    """The refutations that wait for a judgement, each text once: the model wrote them, so they are data."""
    of_text: dict[str, list[int]] = {}
    for trial in new:
        if wanted := context.refutations.get(trial.number):
            of_text.setdefault(one_line(wanted), []).append(trial.number)
    if not of_text:
        return []
    told = "\n".join(f"- {ranges(numbers)}: {text}" for text, numbers in of_text.items())
    return ["Refuted, by your own words, if (yours to judge):", fence(told, "your predictions")]


def regime(context: Context) -> Section:
    values = [f"- {key}: {value}" for key, value in context.block.values.items()]
    rows = values or ["The simulation is as configured and does not change in this block."]
    return Section("Simulation of this block", rows=(*rows, *_inherited(context)))


def _inherited(context: Context) -> list[str]:
    """Where the block starts, and which baseline its tree does not hold."""
    found = context.heritage
    if found is None:
        return []
    leader = f"trial {found.leader.number} ({context.objective.name} {short(found.leader.value)} there)"
    if not found.same_regime:
        return [f"The regime is new: the baseline first, then the leader of block {found.block}, {leader}."]
    return [
        f"The block goes on in the regime of block {found.block}: it starts from the leader {leader}, and not from the "
        f"baseline, which ran there. The process knows the {found.runs} runs before."
    ]


def next_regime(context: Context) -> Section | None:
    """At a block's end: what the next simulation may be, and which were tested."""
    space = context.block_space
    if space is None or not context.is_review:
        return None
    rows = [[d.name, d.kind, d.describe_range(), d.help] for d in space.dimensions]
    head, lines = table(("key", "type", "range or choices", "meaning"), rows)
    tested = (", ".join(f"{key}={value}" for key, value in old.items()) for old in context.tested_regimes)
    lines = (*lines, *(f"Tested in block {index}: {text}" for index, text in enumerate(tested, start=1)))
    rule = (
        "Answer `next_block`; keys left out keep their value. Change one factor where you can, so that two blocks tell "
        "what it does. A tested simulation is refused while others are left."
    )
    return Section("Simulations to choose the next block from", (rule, "", *head), lines)


def strategies(context: Context) -> Section | None:
    """Which rows of the strategy table hold, in their order, and what the records leave open; without rows whose action
    this search cannot take.
    """
    if context.is_review or len(context.tree) == 0:
        return None
    found = [verdict for verdict in judge(context) if not verdict.lacks]
    details = [_detail(context, v) if v.holds else "" for v in found]
    details = [detail if detail not in details[:place] else "" for place, detail in enumerate(details)]  # said once
    rows = [f"- {v.row.strategy}: {v.row.condition}{d}" for v, d in zip(found, details, strict=True) if v.holds]
    rows += [f"- {v.row.strategy}, not known: {v.row.condition} ({v.detail})" for v in found if v.holds is None]
    head = ("Rows of the strategy table that hold now, in its order (evaluated from the records):",) if found else ()
    return Section("Strategies", head, tuple(rows), keep=20, patience=60) if rows else None


def full_recipe(context: Context) -> Section | None:
    """Whether the short runs of the search rank as the full recipe does, as far as that is known."""
    return Section("Full recipe", rows=(f"{context.full_recipe}.",)) if context.full_recipe else None


def _detail(context: Context, verdict: Verdict) -> str:
    """What was found, without what the open moves list."""
    detail = verdict.detail
    for clause in (clause for part in alternatives(verdict.row.condition) for clause in part):
        if clause in LEFT_OPEN:
            detail = detail.replace(LEFT_OPEN[clause](context), "").strip("; ")
    return f" ({detail})" if detail else ""


def open_moves(context: Context) -> Section | None:
    """Moves near the leader that nobody made."""
    if len(context.recordings.ranked) < 2:
        return None
    named = (
        ("comparisons that lack a run", openings.lacks_a_recording(context)),
        ("corners, not run together", _corners(context)),
        ("parameters never moved", openings.never_moved(context)),
        ("values never tried", openings.never_tried(context)),
        ("moved, but never alone at the leader", openings.never_moved_at_the_leader(context)),
        ("values of the leader at the edge of their range", openings.at_an_edge(context)),
        ("ceiling", [text] if (text := openings.at_the_ceiling(context)) else []),
    )
    short = short_names(context.space.names)
    rows = [f"- {name}: {'; '.join(items)}" for name, items in named if items]
    rows = [re.sub(r"[\w.]+", lambda word: short.get(word[0], word[0]), row) for row in rows]
    return Section("Open moves", rows=tuple(rows), keep=8, patience=70) if rows else None


def _corners(context: Context) -> list[str]:
    """By the configuration that both parts differ from in one parameter each."""
    of_base: dict[int, list[str]] = {}
    for corner in openings.corners(context):
        of_base.setdefault(corner.base.id, []).append(f"{corner.first.id} and {corner.second.id} ({corner.both})")
    return [f"each one parameter off {base}, nodes {', '.join(found)}" for base, found in of_base.items()]


def ucb(context: Context, protocol: str) -> Section | None:
    """The head of the ranking by the selection rule, whose scale is its own; None where the protocol does not speak of
    it.
    """
    if "UCB" not in protocol:
        return None
    found = []
    for number_, score in context.ranking[:BEST]:
        node = context.tree.node(number_)
        pending = f", {node.pending} running" if node.pending else ""
        found.append(f"node {node.id} {short(score)} ({node.visits}{pending})")
    head = ("The selection rule: a rank or a value, plus a bonus that falls with visits (runs, of descendants too).",)
    rows = (f"Score (visits): {'; '.join(found)}",) if found else ()
    return Section(f"UCB scores, the best {BEST}", head, rows, patience=15)


def rates(context: Context) -> Section:
    measured = context.rates
    lines = [
        f"Branching rate {_share(measured.branching)} over the last {measured.window} mutations "
        f"(distinct parents: {measured.distinct_parents}); improvement rate {_share(measured.improvement)}; "
        f"failure rate {_share(measured.failure)}."
    ]
    return Section("How the block is going", tuple(lines))


def failures(context: Context) -> Section | None:
    rows = []
    for trial in reversed(context.failures):
        error = trial.error
        assert error is not None  # that is what makes it a failure
        text = f"{error}\n{tail(error.traceback, ERROR_TAIL)}"
        rows.append(
            f"Trial {trial.number} ({trial.state}), {trial.proposal.mutation}:\n{fence(text, f'trial {trial.number}')}"
        )
    return Section("Failures, newest first", rows=tuple(rows), keep=1, most=8, patience=25) if rows else None


def parameters(context: Context) -> Section | None:
    """How often each parameter was moved, and how much of the score it explains."""
    found = importance(context.space, context.tree)
    if found.shares is None:
        return None
    records = dimension_records(context)
    names = [dimension.name for dimension in context.space.free()]
    labels = short_names(names)
    moved = [name for name in names if records[name].tried]
    text = "; ".join(f"{labels[name]} {records[name].tried}, {_importance(found.of(name))}" for name in moved)
    return Section("Parameters", (f"Times moved, and importance ({found.method}):",), (text,), keep=0, patience=12)


def memory(context: Context) -> Section | None:
    """What was kept of earlier trials and sweeps: answers and files wrote it, so it is data."""
    if not context.memory.strip():
        return None
    begin, *rows, end = fence(context.memory, "the working memory of this sweep").splitlines()
    return Section("Working memory", (begin,), tuple(rows), (end,), keep=30, most=300, patience=40)


def _used(context: Context) -> int:
    return sum(trial.purpose in ("search", PROMOTED) for trial in context.trials)


def _as_factor(context: Context) -> str:
    """The same near a ceiling, as changes are shown."""
    found = context.recordings.pair_noise
    return "" if found is None or context.ceiling is None else f"; as a factor of the distance {factor(found.sd)}"


def _spread(found: Spread | None, missing: str) -> str:
    return (
        missing
        if found is None
        else f"{found.sd:.2g} ({found.freedom} degree{'s' if found.freedom > 1 else ''} of freedom)"
    )


def _importance(share: float | None) -> str:
    return "-" if share is None else f"{share:.2f}"


def _share(share: float | None) -> str:
    return percent(share, missing="not known yet")


def _kept(slot: Slot) -> str:
    return "".join(f", keeps {key}={value_text(value)}" for key, value in slot.fixed.items())
