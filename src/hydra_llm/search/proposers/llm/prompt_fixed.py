"""What a question repeats in the same words all block long, and a provider can therefore cache: program, parameters,
seeds, lines of the log.
"""

from __future__ import annotations

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.llm.prompt_text import NEVER, Section, table

STATE = 4  # column of the search space
MOVES = {
    "both": "Its seeds move the data and the training together: a recording is a data set with its own start of the "
    "training, and what of a difference between recordings is data and what is training is not known.",
    "data": "Its seeds move the data alone: the training starts the same on every recording.",
    "training": "Its seeds move the training alone: the data never change, and a recording is another start.",
}


def program(context: Context) -> Section:
    """What runs: the description, the configuration in a few lines, the budget."""
    rows = [context.description or context.task or "A program whose result depends on the parameters below."]
    if context.told:
        rows.append(f"Configured: {', '.join(f'{key}={value_text(value)}' for key, value in context.told.items())}")
    moved = set(context.block.values)
    fixed = [
        t for t in context.fixed if not t.partition("=")[2].startswith(("/", "'/")) and t.partition("=")[0] not in moved
    ]
    if fixed:  # without folders of this machine, and without what a block decides
        rows.append(f"Every run: {', '.join(fixed)}")
    if context.budget:
        rows.append(f"Runs of the search, which are short: {', '.join(context.budget)}")
    return Section("Program", rows=tuple(rows), patience=NEVER)


def space(context: Context) -> Section:
    """The parameters, once."""
    rows = []
    for dimension in context.space.dimensions:
        reason = context.space.locked.get(dimension.name)
        state = f"locked: {reason}" if reason is not None else "constant" if dimension.is_constant else "free"
        state = "kept by the slot" if dimension.name in context.space.by_slot else state
        conditions = "; ".join(f"only if {key} in {list(options)}" for key, options in dimension.when.items())
        text = "; ".join(part for part in (dimension.help, conditions) if part)
        rows.append([dimension.name, dimension.kind, dimension.describe_range(), str(dimension.default), state, text])
    columns = ["key", "type", "range or choices", "baseline", "state", "meaning"]
    note: list[str] = []
    if {row[STATE] for row in rows} == {"free"}:  # said once
        columns, rows = _without(columns, STATE), [_without(row, STATE) for row in rows]
        note = ["All are free.", ""]
    head, lines = table(columns, rows)
    head = (*note, *head)
    if context.space.constraint is not None:
        text = " ".join((context.space.constraint.__doc__ or "not described; a refusal says what is wrong").split())
        lines = (*lines, f"Some combinations are refused: {text}")
    return Section("Search space", head, lines, patience=NEVER)


def _without(cells: list[str], place: int) -> list[str]:
    return cells[:place] + cells[place + 1 :]


def seeds(context: Context) -> Section:
    """What a rerun changes."""
    if not context.seed_keys:
        text = "This search varies no seed: a rerun would repeat the same numbers, and is refused."
        return Section("Seeds", rows=(text,))
    keys = ", ".join(context.seed_keys)
    if context.fresh_seeds:
        words = (
            "Every run draws its own seeds, so no two runs share a recording, and a rerun is on another one. Compare "
            "means over runs: `change` and `against the leader` below are differences of means."
        )
        return Section("Seeds", rows=(f"Seeds: {keys}. {MOVES[context.seeds_move]}", words))
    rows = (
        f"Seeds: {keys}. {MOVES[context.seeds_move]}",
        "Recording r stands for the r-th set of seeds, the same for every configuration; first runs are on recording "
        "1. Compare on equal recordings only: `change` and `against the leader` below are paired differences.",
    )
    return Section("Seeds and recordings", rows=rows)


def log_lines(context: Context) -> Section | None:
    """Lines of the log that only the proposer can write."""
    if not context.log_lines:
        return None
    head = ("For each trial that ended since the last question, `lines` of its observation, by these names:",)
    sight = dict.fromkeys(context.lines_by_sight, " (only of a trial whose figures are attached)")
    rows = tuple(f"- {name}: {hint}{sight.get(name, '')}" for name, hint in context.log_lines.items())
    return Section("Lines of the log that you write", head, rows)
