"""Who proposes, when the configuration says `auto`: the language model if one is reachable by configuration, else
the rules.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hydra_llm.llm.factory import CLIENTS
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.proposers.base import Proposer


def choose_proposer(options: Mapping[str, Any]) -> tuple[str | Proposer, str]:
    """(the proposer's name or dotted path, or the object that a `_target_` node made; a sentence on why)."""
    chosen = options["proposer"]
    if chosen != "auto":
        return chosen, f"proposer={getattr(chosen, 'name', chosen)}"
    llm = options["llm"]
    client = llm.get("client", "openai")
    if llm.get("transcript") == "replay":
        return "llm", "proposer=auto: hydra.sweeper.llm.transcript=replay needs no model"
    if client == "command" and llm.get("command"):
        return "llm", "proposer=auto: hydra.sweeper.llm.command is set"
    if client == "scripted" and llm.get("script"):
        return "llm", "proposer=auto: hydra.sweeper.llm.script is set"
    if client not in CLIENTS:
        return "llm", "proposer=auto: hydra.sweeper.llm.client is a client of your own"
    if client == "openai" and llm.get("base_url"):
        return "llm", "proposer=auto: hydra.sweeper.llm.base_url is set"
    variable = llm.get("api_key_env", LlmSettings().api_key_env)
    if client == "openai" and variable and os.environ.get(variable):
        return "llm", f"proposer=auto: the key variable {variable} is set"
    return "rules", (
        f"proposer=auto: neither the key variable {variable} nor hydra.sweeper.llm.base_url is set, "
        "so the coded rules propose"
    )


def proposer_settings(chosen: str | Proposer, options: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """What the proposer is made from: the group `llm`, the sweep's folder, and who guides a hybrid."""
    settings = {**options["llm"], "folder": folder}
    if chosen == "hybrid":
        settings["guide"], _ = choose_proposer({**options, "proposer": "auto"})
    return settings
