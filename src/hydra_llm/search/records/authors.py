"""Whom a trial is counted under: its proposer, or nobody where it is the configuration that the search starts from."""

from __future__ import annotations

from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.trial import Trial

BASELINE = "baseline"  # whoever fills its slot has proposed nothing


def is_baseline(trial: Trial, space: Space) -> bool:
    """A root at the values that the search starts from; a rerun of it is somebody's choice."""
    proposal = trial.proposal
    is_root = trial.purpose == "search" and proposal.parent is None and not proposal.changes
    return is_root and proposal.values == space.baseline()


def author(trial: Trial, space: Space) -> str:
    """Who, and why it was not who was asked first."""
    return BASELINE if is_baseline(trial, space) else str(trial.proposal.provenance)


def author_label(trial: Trial, space: Space) -> str:
    """Who, without why; "unknown" where nobody is stated."""
    return BASELINE if is_baseline(trial, space) else trial.proposal.provenance.label or "unknown"


def byline(who: str) -> str:
    """ "by rules"; the baseline is by nobody."""
    return f"the {BASELINE}" if who == BASELINE else f"by {who}"
