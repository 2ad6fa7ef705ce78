"""What a job can know of its place in the sweep (hydra_llm.job.trial): for experiment trackers and logs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra_llm import job
from hydra_llm.atomic_write import write_json
from hydra_llm.search.study import Study
from hydra_llm.search.trial.trial import Trial

GIT_S = 10.0  # limit of a question to git


def write_trial_context(study: Study, trial: Trial, command: str) -> None:
    """One small file per job, written before its launch: trial_context(), and the command of a run that repeats it.

    It is derived from the log, so the sweep does not wait for the disk.
    """
    folder = study.folder / job.TRIALS_NAME
    folder.mkdir(exist_ok=True)
    how = {"command": command, "cwd": str(Path.cwd()), "revision": revision(Path.cwd())}
    write_json(folder / f"{trial.number}.json", {**trial_context(study, trial), **how})


def trial_context(study: Study, trial: Trial) -> dict[str, Any]:
    """Plain values. `baseline` is the mean of the metric over the known runs of the block's baseline, `best` the value
    of the block's best run; both None with several objectives, whose `metric` is the list of their names.
    """
    proposal, objective, several = trial.proposal, study.settings.objective, study.settings.objectives
    block = study.state.block_values(trial)
    root = study.state.baseline(trial.block) if trial.block in study.state.trees else None
    runs = [] if root is None else [study.state.trials[n].value for n in root.trials]
    known = [value for value in runs if value is not None and several is None]
    others = [] if several else [other.value for other in study.state.search_trials() if other.block == trial.block]
    return {
        "sweep": Path(study.folder).name,
        "block": trial.block,
        "block_values": dict(block),
        "trial": trial.number,
        "attempt": trial.attempt,
        "parent": proposal.parent,
        "mutation": proposal.mutation,
        "mutated": [change.key for change in proposal.changes],
        "role": proposal.role,
        "strategy": proposal.strategy,
        "proposer": str(proposal.provenance),
        "hypothesis": proposal.hypothesis,
        "configuration_id": configuration_id(proposal.values, block),
        "values": dict(proposal.values),
        "seeds": dict(trial.seeds),
        "purpose": trial.purpose,
        "budget": trial.budget,
        "metric": objective.metric if several is None else list(several.names),
        "goal": {"metric": objective.metric, "direction": objective.direction, "target": objective.target},
        "baseline": sum(known) / len(known) if known else None,
        "best": max((value for value in others if value is not None), key=objective.score, default=None),
        "sketches": study.sees_figures and trial.purpose == "search",
    }


@lru_cache(maxsize=1)
def revision(folder: Path) -> str | None:
    """The commit that the code of a job was at, with `-dirty` for edits beyond it; None outside a git checkout.

    Jobs on a cluster run the checkout itself, so this is what they ran as long as nobody edits it meanwhile.
    """
    words = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def configuration_id(values: Mapping[str, Any], block: Mapping[str, Any]) -> str:
    """The same for all replicates: seeds are not part of a configuration."""
    text = json.dumps({**block, **values}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
