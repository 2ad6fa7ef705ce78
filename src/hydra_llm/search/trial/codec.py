"""Values of the search as JSON objects and back: what stands in the event log."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal

_PROPOSAL = TypeAdapter(Proposal)
_OUTCOME = TypeAdapter(Outcome)


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    return _PROPOSAL.dump_python(proposal, mode="json")


def proposal_from_json(data: dict[str, Any]) -> Proposal:
    """Logs of version 0.1 hold the provenance as the text that it is shown by."""
    who = data.get("provenance")
    return _PROPOSAL.validate_python({**data, "provenance": Provenance.of_text(who)} if isinstance(who, str) else data)


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    return _OUTCOME.dump_python(outcome, mode="json")


def outcome_from_json(data: dict[str, Any]) -> Outcome:
    return _OUTCOME.validate_python(data)
