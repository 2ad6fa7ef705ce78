"""The protocol judged by a block that ran under it: rates, what they advise, and what is due at the block's end.

All numbers come from records. The thresholds are those of the published protocols (rates.py); a rate that is not known
advises nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from hydra_llm.search.context import Progress
from hydra_llm.search.number_text import percent
from hydra_llm.search.statistics import progress
from hydra_llm.search.statistics.progress import HIGH_BRANCHING, HIGH_IMPROVEMENT, LOW_BRANCHING, LOW_IMPROVEMENT
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.strategy_names import known_as
from hydra_llm.search.trial.trial import Trial

SAME_PARAMETER = 4  # more mutations of one parameter in a row than this: change the dimension

_share = partial(percent, missing="an unknown share")


@dataclass(frozen=True)
class BlockEvaluation:
    """`window` are the rates over the last quarter of the block; `branching_block` and `distinct_block` the two
    definitions of branching over the whole block: the share of mutations whose parent is not the trial before, and the
    number of distinct parents.
    """

    window: Progress
    mutations: int = 0
    branching_block: float | None = None
    distinct_block: int = 0
    same_parameter: tuple[str, int] = ("", 0)  # the longest run of mutations of one parameter
    by_strategy: dict[str, tuple[int, int]] = field(default_factory=dict)  # strategy -> (used, improved)
    advice: tuple[str, ...] = ()


def evaluate(trials: Sequence[Trial], records: Recordings, n_iter_block: int, noise_floor: float) -> BlockEvaluation:
    """Judge one block's search trials, in order of number; `noise_floor` as progress.measure."""
    tree = records.tree
    measured = progress.measure(trials, records, n_iter_block, noise_floor)
    finished = [trial for trial in trials if trial.state.is_finished]
    steps = [
        (before, trial)
        for before, trial in itertools.pairwise(finished)
        if trial.proposal.parent in tree and before.number in tree and trial.proposal.changes
    ]
    parents = [tree.node(trial.proposal.parent).id for _, trial in steps]  # type: ignore[arg-type]
    jumps = [parent != tree.node(before.number).id for (before, _), parent in zip(steps, parents, strict=True)]
    found = BlockEvaluation(
        measured,
        len(steps),
        sum(jumps) / len(jumps) if jumps else None,
        len(set(parents)),
        _longest_run(finished),
        _by_strategy(finished, records, noise_floor),
    )
    return replace(found, advice=tuple(_advice(found)))


def _advice(found: BlockEvaluation) -> list[str]:
    measured = found.window
    advice = _of_share(
        *("Branching", measured.branching, LOW_BRANCHING, HIGH_BRANCHING),
        below="add a rule that branches, such as a random node of the three highest UCB scores instead of the latest "
        "trial",
        above="add rules that follow up and look for boundaries",
    )
    advice += _of_share(
        *("Improvement", measured.improvement, LOW_IMPROVEMENT, HIGH_IMPROVEMENT),
        below="exploit more, raise the value that counts as a success",
        above="explore more, probe the limits",
    )
    if measured.plateau:
        advice.append(
            f"The last {progress.PLATEAU_RUN} results are equal within the noise or {progress.PLATEAU_BAND:.0%} of the "
            "spread of all: add a rule that forces a branch."
        )
    key, run = found.same_parameter
    if run > SAME_PARAMETER:
        advice.append(f"{key} was moved {run} times in a row, more than {SAME_PARAMETER}: add a rule that switches.")
    return advice


def _of_share(name: str, share: float | None, low: float, high: float, *, below: str, above: str) -> list[str]:
    """What to do about a share outside low..high."""
    if share is None or low <= share <= high:
        return []
    side, limit, remedy = ("below", low, below) if share < low else ("above", high, above)
    return [f"{name} {percent(share)} is {side} {percent(limit)}: {remedy}."]


def lines(found: BlockEvaluation) -> list[str]:
    """The evaluation as Markdown lines, advice last."""
    measured = found.window
    text = [
        f"- Branching: {_share(measured.branching)} of the last {measured.window} mutations and "
        f"{_share(found.branching_block)} of the block's {found.mutations} did not follow the trial before; distinct "
        f"parents: {measured.distinct_parents} and {found.distinct_block}.",
        f"- Improvement (above the parent by more than chance explains): {_share(measured.improvement)}.",
        f"- Failures: {_share(measured.failure)}. Plateau: {'yes' if measured.plateau else 'no'}.",
        f"- Longest run of mutations of one parameter: {found.same_parameter[1]}"
        + (f" ({found.same_parameter[0]})." if found.same_parameter[0] else "."),
    ]
    if found.by_strategy:
        used = ", ".join(f"{name} {better}/{count}" for name, (count, better) in sorted(found.by_strategy.items()))
        text.append(f"- Improved/used by strategy: {used}.")
    return text + [f"- Advice: {sentence}" for sentence in found.advice or ("the rates call for no change.",)]


def _longest_run(trials: Sequence[Trial]) -> tuple[str, int]:
    best, key, run = ("", 0), "", 0
    for trial in trials:
        keys = {change.key for change in trial.proposal.changes}
        if not keys:
            continue  # a rerun interrupts nothing
        (only,) = keys if len(keys) == 1 else ("",)
        run = run + 1 if only and only == key else int(bool(only))
        key = only
        if run > best[1]:
            best = (key, run)
    return best


def _by_strategy(trials: Sequence[Trial], records: Recordings, floor: float) -> dict[str, tuple[int, int]]:
    tree, found = records.tree, dict[str, tuple[int, int]]()
    for trial in trials:
        if not trial.proposal.changes or trial.number not in tree or trial.proposal.parent not in tree:
            continue
        better = records.has_improved(tree.node(trial.number), floor)
        strategy = known_as(trial.proposal.strategy)
        used, improved = found.get(strategy, (0, 0))
        found[strategy] = (used + 1, improved + int(bool(better)))
    return found
