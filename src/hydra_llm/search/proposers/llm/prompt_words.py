"""What the model said of the trials, and what became of its predictions: its own words come back, within a length."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hydra_llm.llm.tokens import estimate_tokens
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.excerpt import CUT, excerpt
from hydra_llm.search.proposers.llm.prompt_text import Section, fence
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.trial.trial import Trial

NEWS = 12  # latest trials without an observation, which the end of the question names
WHOLE = 2  # latest observations that are whole however long the others are
ROOM = 800  # tokens (estimated) of all observations together
SHORT = 72  # characters of one that is cut
HEAD = "What you said of the trials, newest first"
SOURCE = "your observations"


@dataclass(frozen=True)
class _Said:
    """What there is to say of a trial; `short` is what is left of `whole` where there is no room."""

    number: int
    whole: str
    short: str


def words(context: Context) -> Section | None:
    """Per finished trial whether the model's prediction held, and its own observation.

    Whole are those of the newest trials and of the leader; all have their first words, newest first, as long as there
    is room. What is left of it makes those whole that the leader came from, then the others. A cut ends in an ellipsis.
    """
    silent = [t.number for t in context.finished if t.number not in context.observations][:-NEWS]
    said = [one for trial in reversed(context.finished) if (one := _of(context, trial, silent)) is not None]
    if not said and not silent:
        return None
    rows, out = _within(said, *_line(context))
    head = (f"Without an observation of yours: trials {ranges(silent)}.",) if silent else ()
    cut = ["… marks a cut"] if any(row.endswith(CUT) for row in rows) else []
    left = [f"left out for length: trials {ranges(out)}"] if out else []
    foot = (f"({'; '.join([*cut, *left])})",) if cut or left else ()
    if not rows:
        return Section(HEAD, head, foot=foot)
    begin, *fenced, end = fence("\n".join(rows), SOURCE).splitlines()
    return Section(HEAD, (*head, begin), tuple(fenced), (end, *foot), keep=6, patience=20)


def _of(context: Context, trial: Trial, unnamed: Collection[int]) -> _Said | None:
    """None for a trial that the end of the question names, and for one without prediction or observation."""
    number = trial.number
    said, fate = context.observations.get(number), context.fates.get(number)
    if said is None:
        if fate is None or number not in unnamed:
            return None
        wanted = context.refutations.get(number)
        text = f"{fate}; refuted if {one_line(wanted)}: yours to judge" if wanted else fate
        return _Said(number, f"- {number}: {text}", f"- {number}: {text}")
    if fate is not None and _held(fate):
        fate = fate.partition(": ")[2]  # the interval matters where it missed
    texts = (
        "; ".join(text for text in (fate, own) if text) for own in (one_line(said), excerpt(one_line(said), SHORT))
    )
    return _Said(number, *(f"- {number}: {text}" for text in texts))


def _line(context: Context) -> tuple[list[int], list[int]]:
    """Trials of the leader, and of the configurations that it came from, the nearest first."""
    node = context.recordings.leader
    if node is None:
        return [], []
    own, earlier = list(node.trials), list[int]()
    while (node := context.tree.parent(node)) is not None:
        earlier += node.trials
    return own, earlier


def _within(said: Sequence[_Said], leader: Sequence[int], line: Sequence[int]) -> tuple[list[str], list[int]]:
    """Rows in the order given, and the numbers of those that have no room at all."""
    by_number = {one.number: one for one in said}
    kept, room = dict[int, str](), ROOM
    newest = list(by_number)[:WHOLE]

    def lengthen(numbers: Iterable[int], *, whole: bool) -> None:
        nonlocal room
        for number in numbers:
            one = by_number.get(number)
            if one is None:
                continue
            text = one.whole if whole else one.short
            more = (
                estimate_tokens(text) - estimate_tokens(kept[number]) if number in kept else estimate_tokens(text) + 1
            )
            if more <= room or number in newest:
                kept[number], room = text, room - more

    lengthen([*newest, *leader], whole=True)
    lengthen((number for number in by_number if number not in kept), whole=False)
    lengthen((number for number in [*line, *by_number] if number in kept), whole=True)
    return [kept[number] for number in by_number if number in kept], [n for n in by_number if n not in kept]


def _held(fate: str) -> bool:
    """Whether nothing of a prediction failed."""
    return fate.endswith((": held", "did not come"))


def ranges(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 as 1-3, 7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
