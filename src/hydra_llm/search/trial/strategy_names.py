"""Names of strategies in logs of earlier versions, and in protocols copied by them, that have changed."""

from __future__ import annotations

ALIASES = {
    "forced-branch": "force-branch",
    "replicate-or-explore": "robustness-test",
    "exploit-ratios": "exploit",
    "explore-failed": "explore",
}


def known_as(strategy: str) -> str:
    """The present name of a strategy; a name that never changed is its own."""
    return ALIASES.get(strategy, strategy)
