"""What an edit of the protocol may not do to its strategy table: drop rows without a word, or state conditions that the
records cannot judge, which are rules that never hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.shown import is_withheld
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.statistics.conditions import NOT_DONE, ROLE, Row, names, rows
from hydra_llm.search.statistics.phrases import PHRASES

MAX_CONDITION = 100  # characters of a condition in a sentence


def table_problem(context: Context, edited: str, reason: str) -> str:
    """What is wrong with the table of the edited protocol against the present one, in sentences; "" for nothing."""
    before, after = rows(context.protocol), rows(edited)
    new = _without(after, before)
    silent = _silent(_without(before, after), after, reason)
    found = (_unjudged(context, new), _unexplained(_not_replaced(silent, new)))
    return " ".join(sentence for sentence in found if sentence)


def _without(table: Sequence[Row], other: Sequence[Row]) -> list[Row]:
    """Rows of a table that the other one lacks; an action may be worded anew."""
    there = Counter((row.condition, row.strategy) for row in other)
    found = []
    for row in table:
        if there[row.condition, row.strategy]:
            there[row.condition, row.strategy] -= 1
        else:
            found.append(row)
    return found


def _silent(gone: Sequence[Row], after: Sequence[Row], reason: str) -> list[Row]:
    """Those that the reason does not name. The strategy is a name while no other row has it."""
    stay = {row.strategy for row in after}
    text = reason.casefold()

    def is_named(row: Row) -> bool:
        return row.condition.casefold() in text or (row.strategy not in stay and row.strategy.casefold() in text)

    return [row for row in gone if not is_named(row)]


def _not_replaced(gone: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Without as many of each strategy as there are new rows of it: these are worded anew."""
    left = Counter(row.strategy for row in new)
    found = []
    for row in gone:
        if left[row.strategy]:
            left[row.strategy] -= 1
        else:
            found.append(row)
    return found


def _unexplained(gone: Sequence[Row]) -> str:
    if not gone:
        return ""
    return (
        f"These rows are gone without a word: {'; '.join(map(_label, gone))}. Name each in the reason, by its strategy "
        "or, where another row of that strategy stays, by its condition; or keep it."
    )


def _unjudged(context: Context, new: Sequence[Row]) -> str:
    wrong = [f"{_label(row)}: {why}" for row in new if (why := _why_not(context, row.condition))]
    if not wrong:
        return ""
    return (
        f"The conditions of these rows cannot be judged from the records: {'; '.join(wrong)}. Write comparisons such "
        f"as `{context.objective.name} above 0.9 in 3 trials` or phrases, joined by ' and ' or ', or '. The phrases "
        f"are: {'; '.join([*PHRASES, ROLE, NOT_DONE])}."
    )


def _why_not(context: Context, condition: str) -> str:
    try:
        unknown = sorted(set(names(condition)) - set(_known(context)))
    except ValueError:
        return "no phrase and no comparison"
    return f"{', '.join(unknown)} is no number that is shown" if unknown else ""


def _known(context: Context) -> Iterator[str]:
    """What a comparison may name."""
    yield context.objective.name
    yield from context.space.names
    yield from (*context.block.values, *context.told)
    reported = (name for trial in context.trials for name in trial.metrics)
    yield from (name for name in (*context.show, *reported) if not is_withheld(name))


def _label(row: Row) -> str:
    return f"{row.strategy} ({one_line(row.condition, MAX_CONDITION)})"
