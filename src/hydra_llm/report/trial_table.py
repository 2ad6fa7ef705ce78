"""A sweep as one flat row per trial: what exports and trackers take."""

from __future__ import annotations

from typing import Any

from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.front import on_front
from hydra_llm.search.trial.trial import Trial

FIXED = (
    *("trial", "block", "state", "purpose", "budget", "value", "parent", "node", "role", "strategy", "proposer"),
    *("mutation", "hypothesis", "attempt", "started", "ended", "seconds", "folder", "error"),
)


def rows(sweep: Sweep) -> list[dict[str, Any]]:
    """In order of number. Columns: FIXED, with several objectives on_front, then block/<key>, param/<key>, seed/<key>,
    metric/<name>.
    """
    found = [row_of(sweep, trial) for trial in sweep.state.trials.values()]
    names = [*FIXED, *(["on_front"] if sweep.settings.objectives is not None else [])]
    for kind in ("block/", "param/", "seed/", "metric/"):
        names += sorted({name for row in found for name in row if name.startswith(kind)})
    return [{name: row.get(name) for name in names} for row in found]


def row_of(sweep: Sweep, trial: Trial) -> dict[str, Any]:
    """The columns of one trial that it has a value for, and FIXED."""
    proposal = trial.proposal
    tree = sweep.state.trees.get(trial.block)
    known = tree is not None and trial.number in tree
    several = sweep.settings.objectives is not None
    return {
        "trial": trial.number,
        "block": trial.block,
        "state": trial.state.value,
        "purpose": trial.purpose,
        "budget": trial.budget,
        "value": trial.value,
        "parent": proposal.parent,
        "node": tree.node(trial.number).id if tree is not None and known else None,
        "role": proposal.role,
        "strategy": proposal.strategy,
        "proposer": str(proposal.provenance),
        "mutation": proposal.mutation,
        "hypothesis": proposal.hypothesis,
        "attempt": trial.attempt,
        "started": trial.started,
        "ended": trial.ended,
        "seconds": trial.duration,
        "folder": trial.folder,
        "error": None if trial.error is None else str(trial.error),
        **({"on_front": trial.number in on_front(sweep.state)} if several else {}),
        **{f"block/{key}": value for key, value in sweep.state.block_values(trial).items()},
        **{f"param/{key}": value for key, value in trial.values.items()},
        **{f"seed/{key}": value for key, value in trial.seeds.items()},
        **{f"metric/{name}": value for name, value in trial.metrics.items()},
    }
