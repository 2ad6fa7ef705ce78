"""What the Gaussian process would do, for a model that may know better."""

from __future__ import annotations

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.bayes.outlook import hopeless
from hydra_llm.search.proposers.bayes.shortlist import RERUN, expectation
from hydra_llm.search.proposers.llm.prompt_numbers import short
from hydra_llm.search.proposers.llm.prompt_text import Section, short_names, table
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.trial.standing import Expectation, PoolCandidate

REGIONS = 6  # that are named


def pool(context: Context) -> Section | None:
    """Its next candidates, and how the model's choices did beside them."""
    if not context.pool:
        return None
    rows = [_row(context, number, one) for number, one in enumerate(context.pool, start=1)]
    head, lines = table(("candidate", "near", "changes there", f"{context.objective.name}, 80 %"), rows)
    note = (
        "What a Gaussian process on the runs would do next, best first, and what it expects of one run. It knows "
        "numbers, not their meaning: take one by its number, without mutations, change one, or do better."
    )
    foot = []
    leader = context.recordings.leader
    if leader is not None and (of_leader := expectation(context, leader.values)) is not None:
        foot.append(f"Of the leader, node {leader.id}, it expects {_text(of_leader)}.")
    if regions := hopeless(context):
        foot.append(f"Little to hope for, as it sees it: {'; '.join(map(str, regions[:REGIONS]))}.")
    if line := pool_record(context.block_trials, context.objective).line:
        foot.append(f"So far: {line}.")
    return Section("Candidates of the Gaussian process", (note, "", *head), lines, tuple(foot))


def _row(context: Context, number: int, one: PoolCandidate) -> list[str]:
    names = short_names(context.space.names)
    if one.source == RERUN or one.parent is None:
        changes = "rerun" if one.source == RERUN else "a start"
    else:
        near = context.tree.node(one.parent).values
        changed = context.space.changed(near, one.values)
        changes = "; ".join(f"{names[name]}: {value_text(one.values.get(name), 3)}" for name in changed)
    return [str(number), "-" if one.parent is None else str(one.parent), changes, _text(one.expected)]


def _text(expected: Expectation) -> str:
    return f"{short(expected.median)} ({short(expected.low)} to {short(expected.high)})"
