"""Who proposes, when the configuration says `auto`: the language model if one is configured, else the
Gaussian process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.llm.factory import can_be_asked
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.tree.reward import PAIRED, POSTERIOR


def choose_proposer(options: Mapping[str, Any]) -> tuple[str | Proposer, str]:
    """(the proposer's name or dotted path, or the object that a `_target_` node made; a sentence on why)."""
    chosen = options["proposer"]
    if chosen != "auto":
        return chosen, f"proposer={chosen if isinstance(chosen, str) else chosen.name}"
    available, why = can_be_asked(LlmSettings.of(options["llm"]))
    if available:
        return "llm", f"proposer=auto: {why}"
    return "bayes", f"proposer=auto: {why}, so a Gaussian process proposes"


def proposer_settings(options: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """What the proposer is made from: the group `llm`, and the sweep's folder."""
    return {**options["llm"], "folder": folder}


def natural_reward(options: Mapping[str, Any]) -> str:
    """What a configuration is worth where `reward` is null: as the proposer sees it."""
    chosen, _ = choose_proposer(options)
    if isinstance(chosen, Proposer):
        return chosen.reward
    scored = chosen == "llm" and LlmSettings.of(options["llm"]).role != "decide"
    return POSTERIOR if chosen == "bayes" or scored else PAIRED
