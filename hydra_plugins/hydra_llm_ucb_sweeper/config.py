"""Registration of the sweeper's configuration, made from the table of keys in hydra_llm/keys/sweeper.py.

Hydra imports this module in every application of the environment. Plain mappings register in a tenth of the time that a
dataclass of this size takes; values are checked when a sweep starts. Keys are closed all the same: Hydra refuses one
that is not here.
"""

from typing import Any

from hydra.core.config_store import ConfigStore

from hydra_llm.keys.key import defaults
from hydra_llm.keys.sweeper import LLM, PRUNING, STOP, SWEEPER

TARGET = "hydra_plugins.hydra_llm_ucb_sweeper.llm_ucb_sweeper.LlmUcbSweeper"
GROUPS = [{"llm": "openai"}, {"stop": "budget"}, {"pruning": "none"}, "_self_"]


def register() -> None:
    """`hydra/sweeper=llm_ucb` and its groups llm, stop and pruning."""

    def store(group: str, name: str, node: dict[str, Any]) -> None:
        ConfigStore.instance().store(group=group, name=name, node=node, provider="llm_ucb_sweeper")

    store("hydra/sweeper", "llm_ucb", {"defaults": GROUPS, "_target_": TARGET, **defaults(SWEEPER)})
    store("hydra/sweeper/llm", "openai", defaults(LLM))
    for client in ("command", "scripted"):
        store("hydra/sweeper/llm", client, {"defaults": ["openai", "_self_"], "client": client})
    store("hydra/sweeper/stop", "budget", defaults(STOP))
    store("hydra/sweeper/pruning", "none", defaults(PRUNING))
    for rule in ("median", "asha"):
        store("hydra/sweeper/pruning", rule, {"defaults": ["none", "_self_"], "rule": rule})


register()
